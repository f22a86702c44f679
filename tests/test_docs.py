"""What the pages say is what the program does: snippets run, tables are the schema, generated parts are current."""

from __future__ import annotations

import importlib.util
import re
import runpy
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from linkgraph.edges.run import Run
from linkgraph.edges.schema import EDGES, PAGES
from linkgraph.edges.segment import Segment, commit
from linkgraph.extract.answer import observe

ROOT = Path(__file__).resolve().parent.parent
PAGES_OF_DOCS = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "data/README.md")] + sorted(
    (ROOT / "docs").rglob("*.md")
)
SITES = {
    "http://harbour.example/": b'<title>Harbour</title><p><a href="http://mill.example/">the mill</a>',
    "http://mill.example/": b'<title>Mill</title><nav><a href="http://harbour.example/">Harbour</a></nav>',
    "http://ferry.example/": b'<p>See <a href="http://harbour.example/tides">tides</a> and <a href="/more">more</a>.',
}


def snippets(language: str) -> list[tuple[str, str]]:
    """Every block of a language as (where it stands, its code)."""
    found = []
    for page in PAGES_OF_DOCS:
        text = page.read_text(encoding="utf-8")
        for match in re.finditer(rf"```{language}\n(.*?)```", text, re.DOTALL):
            line = text.count("\n", 0, match.start()) + 1
            found.append((f"{page.relative_to(ROOT)}:{line}", match[1]))
    return found


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """A data folder with a few pages that link to each other, and a build."""
    from linkgraph.index.build import build

    folder = tmp_path_factory.mktemp("docs") / "data"
    run = Run(folder, "docs")
    run.create()
    segment = Segment()
    for url, body in SITES.items():
        page, links = observe(url, 200, [("Content-Type", "text/html")], body)
        segment.add(replace(page, fetched_at=datetime.now(UTC)), links)
    commit(run, 1, segment, "")
    build(folder)
    return folder


@pytest.fixture
def beside_data(data, tmp_path, monkeypatch) -> Path:
    """An empty folder with the data beside it, as the snippets expect."""
    shutil.copytree(data, tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("code", [code for _, code in snippets("python")], ids=[at for at, _ in snippets("python")])
def test_a_snippet_runs_and_prints_something(code, beside_data, capsys):
    script = beside_data / "snippet.py"
    script.write_text(code, encoding="utf-8")
    runpy.run_path(str(script))

    assert capsys.readouterr().out.strip()


def test_the_readme_shows_how_to_recompute_a_score_and_it_comes_out_equal(beside_data, capsys):
    (code,) = [code for _, code in snippets("python") if "math.log10" in code]
    script = beside_data / "snippet.py"
    script.write_text(code, encoding="utf-8")
    runpy.run_path(str(script))
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]

    assert rows[0][0] == "harbour.example"
    assert [float(stored) for _, stored, _ in rows] == pytest.approx([float(own) for _, _, own in rows], abs=1e-6)


@pytest.mark.spark
def test_spark_reads_the_tables_as_the_page_says(beside_data):
    if importlib.util.find_spec("pyspark") is None:
        pytest.skip("PySpark is not installed: the extra `spark`")
    if shutil.which("java") is None:
        pytest.skip("there is no java, which PySpark needs")
    (code,) = [code for _, code in snippets("pyspark")]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=240, check=False)

    assert done.returncode == 0, done.stderr[-3000:]
    assert re.search(r"\|\s*a\|\s*4\|", done.stdout)


def described(table: str) -> list[str]:
    """The columns that docs/data.md explains under the heading *table*."""
    text = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")
    section = re.search(rf"\n## {table}\n(.*?)\n## ", text, re.DOTALL)[1]
    return [
        name for first in re.findall(r"^\| (`.*?) \|", section, re.MULTILINE) for name in re.findall(r"`(\w+)`", first)
    ]


@pytest.mark.parametrize(("table", "schema"), [("edges", EDGES), ("pages", PAGES)])
def test_every_column_is_explained_in_the_order_of_the_schema(table, schema):
    assert described(table) == ["run", *schema.names]


def generator():
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["settings", "reasons", "commands"])
def test_a_generated_part_is_what_the_code_says(name):
    _, present, wanted = generator().rewritten(name)

    assert present == wanted, "run: make docs"


def test_every_setting_of_ours_is_explained():
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    names = re.findall(r"^(LINKGRAPH_\w+)", (ROOT / "linkgraph" / "settings.py").read_text("utf-8"), re.MULTILINE)

    assert [name for name in names if f"| `{name}` |" not in text] == []


@pytest.mark.parametrize("page", PAGES_OF_DOCS, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_within_the_project_leads_somewhere(page):
    targets = re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8"))
    inside = [target for target in targets if "://" not in target]

    assert [target for target in inside if not (page.parent / target).exists()] == []


def test_the_example_seeds_are_seeds():
    from linkgraph.frontier.seeds import read_seeds

    assert read_seeds(ROOT / "data" / "seeds.example.txt").problems == ()


def test_the_license_is_the_whole_text():
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")

    assert text.lstrip().startswith("Apache License")
    assert "END OF TERMS AND CONDITIONS" in text
    assert len(text.split()) == 1581
