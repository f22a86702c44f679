"""Sweeps, extrapolation and threads change how fast the ranks are found, never what they are."""

from __future__ import annotations

import gzip
import os
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.sparse.linalg import spsolve

from linkgraph.authority.pagerank import pagerank
from linkgraph.graph import threads
from linkgraph.graph.csr import LinkGraph
from linkgraph.graph.power import Surfer, Walk, power_iteration, stationary
from linkgraph.graph.sweep import mix
from linkgraph.graph.threads import Workers, parts
from linkgraph.jit import kernel, product_of

SHARED = Path(os.environ.get("LINKGRAPH_SHARED", Path(__file__).parent.parent.parent / "shared")) / "graphs"


def a_web(nodes, edges, seed=1, weighted=False):
    """Near and far links, self-loops, dangling nodes, hubs."""
    dice = np.random.default_rng(seed)
    src = np.minimum((nodes * 0.7 * dice.random(edges)).astype(int), nodes - 1)
    near = np.clip(src + dice.integers(-20, 20, edges), 0, nodes - 1)
    dst = np.where(dice.random(edges) < 0.5, near, (nodes * dice.random(edges) ** 3).astype(int))
    return LinkGraph.from_arrays(src, dst, nodes, dice.random(edges) if weighted else None)


@kernel
def scalar_product(one, other):
    return product_of(one, other)


def exactly(graph, alpha, teleport):
    """Solve the linear system directly."""
    nodes = len(graph)
    rows = graph.links
    weights = np.ones(len(rows.indices)) if rows.weights is None else rows.weights
    links = sparse.csr_array((weights, rows.indices, rows.indptr), (nodes, nodes))
    sums = rows.sums()
    per_weight = np.divide(1.0, sums, out=np.zeros(nodes), where=sums > 0)
    walk = (sparse.diags_array(per_weight) @ links).T
    found = spsolve((sparse.eye_array(nodes) - alpha * walk).tocsc(), (1 - alpha) * teleport)
    return found / found.sum()


@settings(max_examples=40)
@given(st.integers(2, 60), st.integers(0, 300), st.integers(0, 9), st.booleans(), st.sampled_from([0.1, 0.85, 0.97]))
def test_the_ranks_are_the_solution_of_the_linear_system(nodes, edges, seed, weighted, alpha):
    graph = a_web(nodes, edges, seed, weighted)
    teleport = np.random.default_rng(seed).integers(0, 3, nodes) + (np.arange(nodes) == 0)

    ranks = pagerank(graph, alpha=alpha, teleport=teleport)

    assert np.abs(ranks.scores - exactly(graph, alpha, teleport / teleport.sum())).sum() <= ranks.error + 1e-12
    assert (ranks.scores >= 0).all()


@settings(max_examples=30)
@given(st.integers(2, 40), st.integers(0, 200), st.integers(0, 9), st.sampled_from([0.1, 0.85]))
def test_what_discounts_take_goes_where_dangling_rank_goes(nodes, edges, seed, alpha):
    """As if each node voted, with what its discounts take, for one more node that nobody starts at and that dangles."""
    graph = a_web(nodes, edges, seed, weighted=True)
    sums = graph.links.sums()
    taken = np.random.default_rng(seed).integers(0, 3, nodes) / 2.0
    discounted = LinkGraph(graph.links, graph.backlinks, graph.names, sums + taken)
    voters = np.flatnonzero(taken)
    tails = np.repeat(np.arange(nodes), graph.links.counts())
    wider = LinkGraph.from_arrays(
        np.concatenate([tails, voters]),
        np.concatenate([graph.links.indices, np.full(len(voters), nodes)]),
        nodes + 1,
        np.concatenate([graph.links.weights, taken[voters]]),
    )
    expected = exactly(wider, alpha, np.arange(nodes + 1) < nodes)[:nodes]

    ranks = pagerank(discounted, alpha=alpha)

    assert np.abs(ranks.scores - expected / expected.sum()).sum() <= ranks.error + 1e-12
    assert ranks.scores.sum() == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("weighted", [False, True])
def test_the_ranks_are_the_same_bits_whatever_the_number_of_threads(monkeypatch, weighted):
    graph = a_web(60_000, 900_000, weighted=weighted)
    assert len(parts(graph.backlinks.indptr)) > 4

    answers = []
    for count in (1, 2, 7):
        monkeypatch.setattr(threads, "thread_count", lambda count=count: count)
        answers.append(pagerank(graph).scores.tobytes())

    assert answers[0] == answers[1] == answers[2]


def test_sweeps_take_fewer_steps_than_the_power_method_to_the_same_certificate():
    graph = a_web(60_000, 900_000)
    walk = Walk.of(graph)

    swept = stationary(walk, Surfer(0.85), tol=1e-10, max_steps=999)
    plain = power_iteration(walk, Surfer(0.85), tol=1e-10, max_steps=999)

    assert max(swept.bound, plain.bound) <= 1e-10
    assert np.abs(swept.ranks - plain.ranks).sum() <= 2e-10
    assert swept.steps < plain.steps * 0.7


@given(st.integers(1, 5), st.integers(5, 30), st.integers(0, 10**6))
def test_the_mix_of_differences_is_the_least_one(count, length, seed):
    differences = np.random.default_rng(seed).normal(size=(count, length))

    factors = mix(np.tril(differences @ differences.T))

    assert factors.sum() == pytest.approx(1)
    shift = np.random.default_rng(seed + 1).normal(size=count) * 0.1
    other = factors + shift - shift.mean()
    assert np.linalg.norm(factors @ differences) <= np.linalg.norm(other @ differences) * (1 + 1e-9)


@given(st.integers(0, 8), st.integers(0, 10**6))
def test_scalar_products_are_sums_of_every_sixteenth_product_and_then_of_halves(blocks, seed):
    one, other = np.random.default_rng(seed).normal(size=(2, blocks * 16))
    sums = np.zeros(16)
    for products in (one * other).reshape(blocks, 16):
        sums += products
    while len(sums) > 1:
        sums = sums[: len(sums) // 2] + sums[len(sums) // 2 :]

    assert scalar_product(one, other) == sums[0]


def test_differences_that_are_all_nothing_have_no_mix():
    assert len(mix(np.zeros((5, 5)))) == 0
    assert np.isfinite(mix(np.ones((5, 5)))).all()


def test_a_certificate_covers_the_error_at_every_number_of_steps():
    graph = a_web(300, 2000)
    exact = exactly(graph, 0.85, np.full(300, 1 / 300))

    for steps in range(1, 40):
        last = stationary(Walk.of(graph), Surfer(0.85), tol=1e-11, max_steps=steps)
        assert np.abs(last.ranks - exact).sum() <= last.bound + 1e-13


def test_parts_cover_every_row_once_and_share_the_work():
    indptr = np.concatenate([[0], np.cumsum(np.r_[np.full(9, 3_000_000), np.zeros(1_000_000, int)])])

    runs = parts(indptr, 8)

    assert runs[0][0] == 0
    assert runs[-1][1] == len(indptr) - 1
    assert all(end == begin for (_, end), (begin, _) in pairwise(runs))
    assert max(indptr[end] - indptr[begin] for begin, end in runs) <= 6_000_000


def test_workers_answer_in_the_order_of_the_runs():
    with Workers(3) as workers:
        assert workers.each(lambda begin, end: end - begin, [(0, 5), (5, 6), (6, 9)]) == [5, 1, 3]


def real_graph(name):
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"{path} is not here")
    if path.suffix == ".parquet":
        table = pq.read_table(path)
        src, dst = (table.column(place).to_numpy(zero_copy_only=False) for place in (0, 1))
    else:
        text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        fields = [line.replace(b"|", b"\t").split() for line in text.splitlines() if line[:1].isdigit()]
        pairs = [(row[1], row[2]) if path.suffix == ".gz" else (row[0], row[1]) for row in fields if len(row) > 2]
        src, dst = np.array(pairs).T
    _, ids = np.unique(np.concatenate([src, dst]), return_inverse=True)
    return LinkGraph.from_arrays(*ids.reshape(2, -1), int(ids.max()) + 1)


GRAPHS = [
    "cnr-2000.edges.parquet", "miniweb-hosts.edges.parquet", "1996-uk-web-hosts.tsv.gz", "web-edu.txt",
    "web-google.txt", "web-polblogs.txt", "web-BerkStan.txt",
]  # fmt: skip


@pytest.mark.parametrize("name", GRAPHS)
def test_on_real_graphs_scipy_finds_the_same_to_1e_10(name):
    graph = real_graph(name)
    nodes = len(graph)
    rows = graph.backlinks
    per_vote = np.divide(1.0, graph.links.sums(), out=np.zeros(nodes), where=graph.links.sums() > 0)
    walk = sparse.csr_array((per_vote[rows.indices], rows.indices, rows.indptr), (nodes, nodes))
    expected = pagerank(graph, tol=1e-9).scores
    change = 1.0
    while change > 1e-12:
        moved = 0.85 * (walk @ expected)
        moved += (1 - moved.sum()) / nodes
        change = np.abs(moved - expected).sum()
        expected = moved

    assert np.abs(pagerank(graph, tol=2e-11).scores - expected).sum() <= 1e-10
