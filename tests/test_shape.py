"""The shape that keeps the code readable: short functions, short files, and words where a reader needs them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from statistics import median, quantiles

ROOT = Path(__file__).resolve().parent.parent
FUNCTION_LINES = 60
FILE_LINES = 350


def sources(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


FILES = sources("linkgraph", "spiders", "pipelines")
WHOLE_TREE = [*FILES, *sources("tests", "benchmarks", "docs")]
Function = ast.FunctionDef | ast.AsyncFunctionDef


def lines_of(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def functions() -> Iterator[tuple[Path, Function]]:
    for path in FILES:
        for node in ast.walk(tree(path)):
            if isinstance(node, Function):
                yield path, node


def lines(node: Function) -> int:
    """The lines of a function's code: its docstring is a reader's, and costs nothing."""
    start, end = node.lineno, node.end_lineno or node.lineno
    first = node.body[0]
    if ast.get_docstring(node) is not None:
        return end - start + 1 - ((first.end_lineno or first.lineno) - first.lineno + 1)
    return end - start + 1


def public(path: Path) -> Iterator[ast.ClassDef | Function]:
    """Every class, method and function that others may use."""

    def walk(body: list[ast.stmt]) -> Iterator[ast.ClassDef | Function]:
        for node in body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                yield node
                yield from walk(node.body)
            elif isinstance(node, Function) and not node.name.startswith("_"):
                yield node

    yield from walk(tree(path).body)


def where(path: Path, node: ast.ClassDef | Function) -> str:
    return f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"


def is_stub(node: ast.ClassDef | Function) -> bool:
    """The body of a protocol's method is `...`: its class tells what implementations owe."""
    only = node.body[0]
    return isinstance(only, ast.Expr) and isinstance(only.value, ast.Constant) and only.value.value is Ellipsis


def found_in(paths: list[Path], pattern: str) -> list[str]:
    wanted = re.compile(pattern)
    return [
        f"{path.relative_to(ROOT)}:{number}"
        for path in paths
        for number, line in enumerate(lines_of(path), 1)
        if wanted.search(line)
    ]


def test_no_file_is_longer_than_a_reader_keeps_in_mind():
    assert [str(path.relative_to(ROOT)) for path in FILES if len(lines_of(path)) > FILE_LINES] == []


def test_no_function_is_longer_than_a_screen():
    assert [where(path, node) for path, node in functions() if lines(node) > FUNCTION_LINES] == []


def test_most_functions_are_short():
    lengths = [lines(node) for _, node in functions()]

    assert median(lengths) <= 10
    assert quantiles(lengths, n=10)[-1] <= 30


def test_every_module_says_what_it_is_for():
    assert [str(path.relative_to(ROOT)) for path in FILES if not ast.get_docstring(tree(path))] == []


def test_every_public_name_says_what_it_does():
    silent = [
        where(path, node)
        for path in FILES
        for node in public(path)
        if ast.get_docstring(node) is None and not is_stub(node)
    ]

    assert silent == []


def test_every_function_names_what_it_returns():
    assert [where(path, node) for path, node in functions() if node.returns is None and node.name != "__init__"] == []


def test_nothing_is_left_for_later():
    assert found_in(WHOLE_TREE, r"#.*\b(TO" + r"DO|FIX" + r"ME|X" + r"XX|HA" + r"CK)\b") == []


def test_a_silenced_check_has_a_code():
    assert found_in(WHOLE_TREE, r"#\s*(noqa(?!:)|type:\s*ignore(?!\[))") == []


def test_a_silenced_check_has_a_reason():
    silenced = re.compile(r"#\s*(noqa:[A-Z0-9, ]+|type:\s*ignore\[[^]]*\]\s*)$")
    bare = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in WHOLE_TREE
        for number, (above, line) in enumerate(pairwise(["", *lines_of(path)]), 1)
        if silenced.search(line) and not above.lstrip().startswith("#")
    ]

    assert bare == []
