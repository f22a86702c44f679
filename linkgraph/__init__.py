"""linkgraph: an open backlink index. The public API."""
