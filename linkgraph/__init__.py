"""linkgraph: an open backlink index. The public API.

import linkgraph
linkgraph.crawl(["example.org"], settings={"LINKGRAPH_CONTACT": "you@example.org"})
linkgraph.build("data")
data = linkgraph.open("data")
data.authority(top=10), data.backlinks("example.org"), data.graph().to_networkx()
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

__all__ = ["__version__", "build", "crawl", "open"]

if TYPE_CHECKING:
    from linkgraph.cli.launch import crawl
    from linkgraph.index.build import build
    from linkgraph.insights.dataset import open_dataset as open  # noqa: A004 - gzip.open and others read so too

_HOMES = {
    "build": ("linkgraph.index.build", "build"),
    "crawl": ("linkgraph.cli.launch", "crawl"),
    "open": ("linkgraph.insights.dataset", "open_dataset"),
}


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is asked for: `import linkgraph` stays instant."""
    if name not in _HOMES:
        raise AttributeError(f"module 'linkgraph' has no attribute {name!r}")
    module, attribute = _HOMES[name]
    return getattr(import_module(module), attribute)
