"""What sites have to do with each other: who owns them, who copied whom, who exchanges links with whom.

Pure functions over NumPy arrays; `linkgraph/index/sites.py` reads the tables and asks them.
"""
