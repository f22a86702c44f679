"""The list of hostile inputs and faults: every row of it has a test, and no test names a row that it has not."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

ROWS = {
    "T": "calendar, sessions, loops, subdomains, tarpits, facets, soft errors, farms",
    "C": "redirects, their targets, slowness, endless bodies, bombs, header floods, malformed, resets, statuses, "
    "cookies, lying types, refreshes",
    "H": "charsets, nesting, attributes, a million links, bases, anchors, URLs, suffixes, directives",
    "R": "statuses, sizes, wildcards, delays, groups, redirects, keys, the cache",
    "S": "entities, sizes and loops of sitemaps",
    "N": "names, rebinding, addresses, ports, proxies, certificates",
    "D": "kills, signals, full disks, power cuts, clocks, two processes, finished runs, corrupt files, versions, "
    "a lost ledger, queues in a server, scarce memory and descriptors, changed options",
    "O": "spreadsheet formulas, markup, terminals, file names, empty graphs",
}
"""What the rows of each letter are about, in their order."""


def marked() -> dict[str, set[str]]:
    """Tests by row, read from their marks."""
    found = defaultdict(set)
    for path in Path(__file__).parent.glob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef):
                for mark in node.decorator_list:
                    if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.row":
                        for row in mark.args:
                            found[row.value].add(f"{path.name}::{node.name}")
    return found


def test_each_of_the_63_rows_has_a_test_and_no_other_row_is_named():
    rows = {f"{letter}{at}" for letter, about in ROWS.items() for at, _ in enumerate(about.split(","), 1)}

    assert len(rows) == 63
    assert set(marked()) == rows
