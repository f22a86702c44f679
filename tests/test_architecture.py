"""The flow is the layout: who may import whom, and where each library lives.

`docs/architecture.md` tells the same in prose. A failure here names the file, the line and the import.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from linkgraph import errors
from linkgraph.model import REASONS

ROOT = Path(__file__).resolve().parent.parent

BASE = ("errors", "model", "urls", "settings", "jit")
STAGES = (
    "frontier",
    "fetch",
    "extract",
    "edges",
    "sources",
    "classify",
    "graph",
    "authority",
    "index",
    "insights",
    "reports",
    "explorer",
    "engines",
)
SHELLS = ("linkgraph", "linkgraph.__main__", "linkgraph.addon", "linkgraph.cli", "linkgraph.demo")
"""What stands outside the flow and may use all of it."""

SCRAPY_PARTS = ("spiders", "pipelines")
"""They carry a page from `fetch` to `edges`, and see no further."""

SCRAPY_HOMES = (
    "linkgraph.frontier.scheduler",
    "linkgraph.fetch.consent",
    "linkgraph.fetch.middleware",
    "linkgraph.fetch.refusals",
    "linkgraph.fetch.handler",
    "linkgraph.fetch.render",
    "linkgraph.settings",
    "linkgraph.addon",
    "linkgraph.cli.running",
    "linkgraph.cli.scrapy_commands",
    "spiders",
    "pipelines",
)
HOMES = {
    "scrapy": SCRAPY_HOMES,
    "twisted": SCRAPY_HOMES,
    "itemadapter": ("pipelines",),
    "sqlite3": ("linkgraph.frontier", "linkgraph.fetch.robots_cache"),
    "pyarrow": (
        "linkgraph.edges",
        "linkgraph.classify",
        "linkgraph.index",
        "linkgraph.graph.collapse",
        "linkgraph.graph.build",
        "linkgraph.insights",
        "linkgraph.reports",
        "pipelines.parquet",
    ),
    "numba": ("linkgraph.jit", "linkgraph.graph.lanes"),
    "llvmlite": ("linkgraph.jit", "linkgraph.graph.lanes"),
    "networkx": ("linkgraph.graph",),
    "aiohttp": ("linkgraph.fetch",),
    "playwright": ("linkgraph.fetch.render",),
    "scrapy_playwright": ("linkgraph.fetch.render",),
    "turbohtml": ("linkgraph.extract",),
    "ada_url": ("linkgraph.urls",),
    "tldextract": ("linkgraph.urls",),
    "publicsuffixlist": ("linkgraph.urls",),
    "typer": ("linkgraph.cli",),
    "rich": ("linkgraph.cli", "linkgraph.demo", "linkgraph.reports", "pipelines.progress"),
}


@dataclass(frozen=True)
class Import:
    path: Path
    line: int
    importer: str
    imported: str

    def __str__(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line}: {self.importer} imports {self.imported}"


def sources() -> Iterator[Path]:
    for package in ("linkgraph", *SCRAPY_PARTS):
        yield from sorted((ROOT / package).rglob("*.py"))


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_by(path: Path) -> Iterator[Import]:
    """Every import, wherever it stands: inside functions and under TYPE_CHECKING too."""
    importer = module_name(path)
    package = importer if path.name == "__init__.py" else importer.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(path, node.lineno, importer, alias.name)
        elif isinstance(node, ast.ImportFrom):
            home = package.split(".")[: len(package.split(".")) + 1 - node.level] if node.level else []
            module = ".".join([*home, *filter(None, [node.module])])
            for alias in node.names:
                # `from linkgraph import model` and `from linkgraph.model import Page` are one thing here.
                yield Import(path, node.lineno, importer, f"{module}.{alias.name}")


@cache
def imports() -> tuple[Import, ...]:
    return tuple(found for path in sources() for found in imported_by(path))


def within(module: str, homes: tuple[str, ...]) -> bool:
    return any(module == home or module.startswith(f"{home}.") for home in homes)


def stage_of(module: str) -> str | None:
    """The stage, base module or Scrapy part that *module* belongs to; None outside the project."""
    first, _, rest = module.partition(".")
    if first in SCRAPY_PARTS:
        return first
    return rest.partition(".")[0] if first == "linkgraph" and rest else None


def position(stage: str) -> int:
    if stage in BASE:
        return 0
    return 1 + STAGES.index("edges" if stage in SCRAPY_PARTS else stage)


def reaches_right(found: Import) -> bool:
    own, other = stage_of(found.importer), stage_of(found.imported)
    if own is None or other is None or within(found.importer, SHELLS[1:]):
        return False
    if other == "__version__":
        return False
    if other not in (*BASE, *STAGES, *SCRAPY_PARTS):
        return True
    if other in SCRAPY_PARTS and own not in SCRAPY_PARTS:
        return True
    return position(other) > position(own)


def test_a_stage_imports_only_the_base_and_stages_to_its_left():
    wrong = [str(found) for found in imports() if reaches_right(found)]

    assert wrong == []


@pytest.mark.parametrize(
    ("importer", "imported", "wrong"),
    [
        ("linkgraph.graph.csr", "linkgraph.edges.dataset", False),
        ("linkgraph.edges.dataset", "linkgraph.graph.csr", True),
        ("linkgraph.model", "linkgraph.frontier.ledger", True),
        ("linkgraph.reports.html", "linkgraph.cli.report", True),
        ("linkgraph.reports.html", "linkgraph.demo.web", True),
        ("linkgraph.extract.links", "spiders.site", True),
        ("spiders.site", "linkgraph.graph.csr", True),
        ("spiders.site", "linkgraph.edges.run", False),
        ("linkgraph.cli.report", "linkgraph.reports.html", False),
    ],
)
def test_the_direction_of_an_import_is_judged_as_the_architecture_says(importer, imported, wrong):
    assert reaches_right(Import(ROOT, 1, importer, imported)) == wrong


def test_every_folder_of_the_package_is_a_stage_or_a_shell():
    folders = {path.parent.name for path in (ROOT / "linkgraph").glob("*/__init__.py")}

    assert folders <= {*STAGES, "cli", "demo"}


def test_no_stage_is_generic():
    names = {path.stem for path in sources()}

    assert names.isdisjoint({"utils", "util", "helpers", "helper", "common", "misc", "tools"})


def test_a_library_is_imported_in_its_home_only():
    strangers = [
        str(found)
        for library, homes in HOMES.items()
        for found in imports()
        if within(found.imported, (library,)) and not within(found.importer, homes)
    ]

    assert strangers == []


def error_classes() -> list[type[BaseException]]:
    return [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, BaseException)]


def drawn_tree() -> dict[str, str | None]:
    """Class name → parent's name, as the docstring of `linkgraph.errors` draws it."""
    parents: dict[str, str | None] = {}
    levels: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        if match := re.match(r"( *)[*+-] (\w+)", line):
            depth = len(match[1]) // 2
            del levels[depth:]
            parents[match[2]] = levels[-1] if levels else None
            levels.append(match[2])
    return parents


def test_the_drawn_tree_of_errors_is_the_tree_of_classes():
    root = errors.LinkgraphError
    expected = {kind.__name__: None if kind is root else kind.__base__.__name__ for kind in error_classes()}

    assert drawn_tree() == expected


@cache
def words_used() -> frozenset[str]:
    """Every name that is read and every string that stands in the sources, outside errors and model."""
    found: set[str] = set()
    for path in sources():
        if path.name in ("errors.py", "model.py") and path.parent.name == "linkgraph":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                found.add(node.id)
            elif isinstance(node, ast.Attribute):
                found.add(node.attr)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    return frozenset(found)


def test_every_error_class_has_a_docstring_and_a_use():
    used = words_used()
    silent = [kind.__name__ for kind in error_classes() if not kind.__doc__]
    idle = [kind.__name__ for kind in error_classes() if kind.__name__ not in used and not kind.__subclasses__()]

    assert (silent, idle) == ([], [])


def test_every_reason_is_explained_and_given_somewhere():
    used = words_used()

    assert [reason for reason, meaning in REASONS.items() if len(meaning) < 10 or reason not in used] == []


def test_no_reason_is_given_that_the_closed_list_lacks():
    families = {reason.partition(":")[0] for reason in REASONS if ":" in reason}
    shaped = re.compile(rf"(?:{'|'.join(families)}):[a-z][a-z-]*")
    given = {word for word in words_used() if shaped.fullmatch(word)}

    assert given - set(REASONS) == set()
