"""A device comes near, the CPU certifies. Without CUDA, NumPy and SciPy stand in for CuPy: the same names."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st

from linkgraph.authority import pagerank as ranking
from linkgraph.authority.pagerank import TOLERANCE, pagerank
from linkgraph.errors import GraphError
from linkgraph.graph import gpu
from linkgraph.graph.csr import LinkGraph
from linkgraph.graph.gpu import Device, cuda, near_ranks
from linkgraph.graph.power import Surfer, Walk

HERE = Device(np, scipy.sparse)


def a_web(nodes: int, edges: int, seed: int, kind: str) -> LinkGraph:
    """Votes at random, half of the nodes dangling; plain, weighted, or with discounts."""
    dice = np.random.default_rng(seed)
    src, dst = dice.integers(0, (nodes + 1) // 2, edges), dice.integers(0, nodes, edges)
    weights = None if kind == "plain" else dice.random(edges) + 0.01
    strength = np.bincount(src, weights, nodes) * 1.5 if kind == "discounted" else None
    return LinkGraph.from_arrays(src, dst, nodes, weights, None, strength)


@settings(max_examples=40)
@given(
    st.integers(1, 60),
    st.integers(0, 300),
    st.integers(0, 9),
    st.sampled_from(["plain", "weighted", "discounted"]),
    st.sampled_from([0.0, 0.85, 0.97]),
)
def test_a_device_comes_within_the_tolerance_of_the_ranks(nodes, edges, seed, kind, alpha):
    graph = a_web(nodes, edges, seed, kind)
    teleport = np.random.default_rng(seed).random(nodes) + 0.1
    teleport /= teleport.sum()
    near, steps = near_ranks(Walk.of(graph), Surfer(alpha, teleport), HERE, tol=1e-9, max_steps=10_000)

    assert np.abs(near - pagerank(graph, alpha=alpha, teleport=teleport).scores).sum() <= 1e-9 + TOLERANCE
    assert steps >= 1


def test_what_a_device_found_is_certified_in_a_step_or_two(monkeypatch):
    graph = a_web(2_000, 20_000, 1, "plain")
    monkeypatch.setattr(ranking, "cuda", lambda: HERE)
    _, steps = near_ranks(Walk.of(graph), Surfer(0.85), HERE, tol=TOLERANCE, max_steps=10_000)
    found, here = pagerank(graph, device="cuda"), pagerank(graph)

    assert found.error <= TOLERANCE
    assert np.abs(found.scores - here.scores).sum() <= found.error + here.error
    assert found.unit == pytest.approx(here.unit, rel=1e-9)
    assert found.iterations - steps <= 2


def test_a_machine_without_cuda_says_what_to_do(monkeypatch):
    def missing(name: str):
        raise ImportError(f"no {name}")

    monkeypatch.setattr(gpu, "import_module", missing)
    with pytest.raises(GraphError, match=r"no cupy.*install linkgraph\[gpu\], or rank on the CPU"):
        pagerank(a_web(10, 20, 1, "plain"), device="cuda")


def test_an_unknown_device_and_too_many_edges_are_refused(monkeypatch):
    graph = a_web(10, 20, 1, "plain")
    with pytest.raises(GraphError, match="device 'tpu' is unknown; choose one of cpu, cuda"):
        pagerank(graph, device="tpu")
    monkeypatch.setattr(gpu, "MAX_EDGES", 3)
    with pytest.raises(GraphError, match="a CUDA device takes 3, so rank on the CPU"):
        near_ranks(Walk.of(graph), Surfer(0.85), HERE, tol=1e-9, max_steps=9)


def test_a_real_device_finds_the_same_ranks():
    try:
        cuda()
    except GraphError as reason:
        pytest.skip(str(reason))
    graph = a_web(5_000, 50_000, 2, "discounted")

    assert np.abs(pagerank(graph, device="cuda").scores - pagerank(graph).scores).sum() <= 2 * TOLERANCE
