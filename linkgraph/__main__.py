"""`python -m linkgraph`."""

from linkgraph.cli import main

main()
