"""The public suites of ../shared/conformance: the share of their cases that we pass, and each case that fails.

    python benchmarks/conformance.py [SUITE…] [--quick]

Fails where the failing cases are not those that tests/test_conformance.py lists with their reasons. --quick is the
same: all of it takes ten seconds.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from support.conformance import KNOWN_FAILURES, SUITES

SHARED = Path(os.environ.get("LINKGRAPH_SHARED", Path(__file__).resolve().parents[2] / "shared"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=", ".join(SUITES))
    parser.add_argument("--quick", action="store_true", help="changes nothing")
    chosen = parser.parse_args().suites or list(SUITES)
    folder = SHARED / "conformance"
    if not folder.is_dir():
        sys.exit(f"skipped: {folder} is absent")
    for name in chosen:
        label, cases = SUITES[name]
        began = time.monotonic()
        found = list(cases(folder))
        failed = {case.name for case in found if not case.passed}
        passed = len(found) - len(failed)
        share = 100 * passed / len(found)
        print(f"{label:46} {passed:5} of {len(found):5}  {share:6.2f} %  {time.monotonic() - began:4.1f} s")
        for case in sorted(failed):
            print(f"  fails: {case}: {KNOWN_FAILURES.get((name, case), 'for no known reason')}")
        assert failed == {case for suite, case in KNOWN_FAILURES if suite == name}


if __name__ == "__main__":
    main()
