"""`python -m linkgraph.demo SEED PORT PARENT ROUND [LOG]` → a web on 127.0.0.1:PORT until process PARENT ends."""

from __future__ import annotations

import sys

from linkgraph.demo.server import main

if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
