# The contributor's verbs. On a fresh machine `make demo` and `make test` make .venv first; nothing else is touched.
#
#   make demo    crawl the small web that is part of the project, print tables          make test    all checks
#   make lint    ruff and mypy alone          make bench    benchmarks, with their ratios
#   make crash   the long crash trials        make docs     rewrite the generated parts of docs/
#   make clean   remove .venv and caches, never data
#
#   PYTHON=/path/to/python3.12 chooses the interpreter, EXTRAS=fast,spark installs extras, ARGS=… goes to pytest.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

VENV := .venv
BIN := $(VENV)/bin
EXTRAS ?=
ARGS ?=

# The newest Python from 3.11 that can make a virtual environment; Debian packs venv apart as python3-venv.
PYTHON ?= $(shell for one in python3.14 python3.13 python3.12 python3.11 python3; do \
	$$one -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $$one && break; done)

comma := ,
INSTALLED := $(VENV)/installed$(if $(EXTRAS),-$(subst $(comma),-,$(EXTRAS)))

.PHONY: help demo test lint bench crash docs clean install

help:
	@sed -n '/^#/!q; s/^# \{0,1\}//p' Makefile

$(BIN)/python:
	@test -n "$(PYTHON)" || { \
		echo "No Python from 3.11 with venv is on PATH: apt-get install python3-venv, or make PYTHON=/path/to/python" >&2; \
		exit 1; }
	$(PYTHON) -m venv $(VENV)

# Only what pyproject.toml and EXTRAS say decides what is installed, so only they install again.
$(INSTALLED): pyproject.toml $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --editable ".$(if $(EXTRAS),[$(EXTRAS)])" --group dev
	@# Loops are compiled once an installation; the first crawl and the first build would wait a minute for them.
	$(BIN)/python -m linkgraph.index.prepare
	@touch $@

install: $(INSTALLED)

demo: install
	$(BIN)/linkgraph demo --data data/demo

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Last, so that pytest's own closing line ends the output.
test: lint
	$(BIN)/pytest $(ARGS)

bench: install
	@for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python "$$script" || exit 1; done

crash: install
	$(BIN)/pytest -m soak $(ARGS)

docs: install
	$(BIN)/python docs/generate.py

clean:
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find linkgraph spiders pipelines tests benchmarks docs -name __pycache__ -prune -exec rm -rf {} +
