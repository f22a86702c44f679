"""What NetworkX may know of the `linkgraph` backend before it loads it.

Promises to import nothing but the standard library: NetworkX calls this whenever it is imported.
"""

from __future__ import annotations

from typing import Any

COPY_LIMIT = 5_000_000
"""Edges at most in a copy that NetworkX itself works on: at 450 bytes an edge, about 2.3 GB."""

_COMPONENTS = (
    "strongly_connected_components",
    "number_strongly_connected_components",
    "is_strongly_connected",
    "weakly_connected_components",
    "number_weakly_connected_components",
    "is_weakly_connected",
    "connected_components",
    "number_connected_components",
    "is_connected",
    "node_connected_component",
)


def get_info() -> dict[str, Any]:
    """Return the metadata that the entry point `networkx.backend_info` asks for."""
    return {
        "backend_name": "linkgraph",
        "project": "linkgraph",
        "package": "linkgraph",
        "short_summary": "Link graphs in compressed sparse rows, ranks with a certified error.",
        "default_config": {"copy_limit": COPY_LIMIT},
        "functions": {
            "pagerank": {
                "additional_docs": "Stops where the L1 error is certified to be at most `tol`, not where the last "
                "step was smaller than `n * tol`; needs alpha < 1."
            },
            "degree_centrality": {"additional_docs": "Directed graphs without parallel edges."},
            "in_degree_centrality": {"additional_docs": "Directed graphs without parallel edges."},
            "out_degree_centrality": {"additional_docs": "Directed graphs without parallel edges."},
            "hits": {"additional_docs": "Restarted Lanczos; `tol` bounds the residual over the eigenvalue."},
            "harmonic_centrality": {"additional_docs": "Distances in links, from every node."},
            "closeness_centrality": {"additional_docs": "Distances in links."},
            "core_number": {"additional_docs": "Directed graphs without parallel edges."},
            **{name: {} for name in _COMPONENTS},
        },
    }
