"""Compiling ahead: what a first build would wait for is compiled, and nothing else is left."""

from __future__ import annotations

import os
import subprocess
import sys

ASKED = """
from linkgraph.index.prepare import prepare
prepare()
from linkgraph.classify.automaton import _run
from linkgraph.graph.small import solve
print(all(loop.signatures for loop in (_run, solve)))
"""


def test_what_a_build_runs_is_compiled_and_no_file_of_the_data_is_left(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", ASKED],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | {"TMPDIR": str(tmp_path)},
    )
    assert done.stdout == "True\n"
    assert not any(tmp_path.iterdir())
