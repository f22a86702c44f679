"""A small graph is ranked in one call, without a step of the power method, and certified all the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_graph_power import a_web, exactly

from linkgraph.authority.pagerank import pagerank
from linkgraph.graph import power, small, threads
from linkgraph.graph.csr import LinkGraph
from linkgraph.graph.power import Surfer, Walk, stationary


def solved(walk, surfer, *, tol, most):
    """What the call itself comes to, before any step of the power method."""
    return power._small(walk, surfer, tol=tol, max_steps=most)


def swept(walk, surfer, *, tol, most):
    """The same of sweeps over several blocks: eight edges and nodes or more are enough for another."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(threads, "PART_WORK", 8)
        return power._swept(walk, surfer, tol=tol, max_steps=most)


def a_walk(nodes, edges, seed, *, weighted, discounted):
    graph = a_web(nodes, edges, seed, weighted=weighted)
    if not discounted:
        return graph, Walk.of(graph)
    strength = graph.links.sums() + np.random.default_rng(seed).integers(0, 3, nodes)
    discounts = LinkGraph(graph.links, graph.backlinks, graph.names, strength)
    return discounts, Walk.of(discounts)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("most", [2, 8, 9, 20, 500])
def test_a_small_graph_comes_to_the_ranks_that_a_large_one_would(monkeypatch, weighted, most):
    walk = Walk.of(a_web(500, 4000, weighted=weighted))

    alone = stationary(walk, Surfer(0.85), tol=1e-9, max_steps=most)
    monkeypatch.setattr(small, "MOST_WORK", 0)
    blocks = stationary(walk, Surfer(0.85), tol=1e-9, max_steps=most)

    assert max(alone.steps, blocks.steps) <= most
    assert np.abs(alone.ranks - blocks.ranks).sum() <= alone.bound + blocks.bound < np.inf
    assert abs(alone.unit - blocks.unit) <= alone.bound + blocks.bound
    assert most < 500 or max(alone.bound, blocks.bound) <= 1e-9


@settings(max_examples=80)
@given(
    st.integers(2, 60),
    st.integers(0, 300),
    st.integers(0, 99),
    st.booleans(),
    st.booleans(),
    st.sampled_from([0.1, 0.85, 0.97]),
    st.integers(1, 30),
    st.sampled_from([solved, swept]),
)
def test_the_certificate_of_sweeps_covers_the_error_after_any_number(
    nodes, edges, seed, weighted, personal, alpha, most, solve
):
    graph, walk = a_walk(nodes, edges, seed, weighted=weighted, discounted=False)
    teleport = np.random.default_rng(seed).integers(0, 3, nodes) + 1.0 * (np.arange(nodes) == 0) if personal else None
    teleport = None if teleport is None else teleport / teleport.sum()
    uniform = np.full(nodes, 1.0 / nodes)

    found = solve(walk, Surfer(alpha, teleport), tol=1e-11, most=most)

    expected = exactly(graph, alpha, uniform if teleport is None else teleport)
    assert np.abs(found.ranks - expected).sum() <= found.bound + 1e-13
    assert (found.ranks >= 0).all()
    assert found.ranks.sum() == pytest.approx(1, abs=1e-14)
    assert found.bound <= 1e-11 or found.steps == most


@settings(max_examples=30)
@given(st.integers(20, 60), st.integers(0, 99), st.integers(1, 40))
def test_it_covers_the_error_where_rows_are_differences_to_others(pages, seed, most):
    linked = np.random.default_rng(seed).random((pages, pages)) < np.linspace(1.0, 0.5, pages)
    graph = LinkGraph.from_arrays(*np.nonzero(linked.T), pages)

    found = swept(Walk.of(graph), Surfer(0.85), tol=1e-12, most=most)

    assert np.abs(found.ranks - exactly(graph, 0.85, np.full(pages, 1 / pages))).sum() <= found.bound + 1e-13
    assert found.bound <= 1e-11 or found.steps == most


@settings(max_examples=40)
@given(
    st.integers(2, 60), st.integers(0, 300), st.integers(0, 99), st.integers(1, 30), st.sampled_from([solved, swept])
)
def test_it_covers_the_error_where_discounts_keep_rank_from_arriving(nodes, edges, seed, most, solve):
    _, walk = a_walk(nodes, edges, seed, weighted=True, discounted=True)
    exact = power.power_iteration(walk, Surfer(0.85), tol=1e-12, max_steps=999)

    found = solve(walk, Surfer(0.85), tol=1e-11, most=most)

    assert np.abs(found.ranks - exact.ranks).sum() <= found.bound + 1e-12
    assert found.bound <= 1e-11 or found.steps == most


@pytest.mark.parametrize("solve", [solved, swept])
def test_sweeps_certify_real_sizes_without_a_step_and_not_much_too_late(solve):
    graph = a_web(3000, 20_000)
    exact = pagerank(graph, tol=1e-12).scores

    found = solve(Walk.of(graph), Surfer(0.85), tol=1e-8, most=99)

    error = np.abs(found.ranks - exact).sum()
    assert found.bound <= 1e-8
    assert found.bound < 20 * error


def test_no_mix_overshoots_below_nothing():
    pages, dice = np.arange(30), np.random.default_rng(11)
    graph = LinkGraph.from_arrays(pages, (pages * 2 + dice.integers(0, 2, 30)) % 30, 30)
    exact = exactly(graph, 0.99, np.full(30, 1 / 30))

    overshot = solved(Walk.of(graph), Surfer(0.99), tol=1e-12, most=7)

    assert np.abs(overshot.ranks - exact).sum() <= overshot.bound < np.inf
    assert (overshot.ranks >= 0).all()


def test_a_row_too_long_for_plain_sums_is_certified_by_compensated_steps():
    voters = np.arange(1, 60_001)
    graph = LinkGraph.from_arrays(np.r_[voters, 0], np.r_[np.zeros(60_000, int), 1], 60_001)

    alone = solved(Walk.of(graph), Surfer(0.85), tol=1e-12, most=99)
    ranks = pagerank(graph, tol=1e-12)

    assert alone.bound > 1e-12 >= ranks.error
    assert ranks.iterations > alone.steps
    hub = 0.15 / 60_001 * (1 + 0.85 * 60_000) / (1 - 0.85**2)  # it votes for the first voter, which votes for it
    assert ranks.scores[0] == pytest.approx(hub, rel=1e-12)


@settings(max_examples=60)
@given(st.integers(1, 40), st.integers(0, 300), st.integers(0, 10**6), st.booleans())
def test_rows_stand_by_length_every_other_node_first_and_votes_before_their_row_are_stale(nodes, edges, seed, weighted):
    graph = a_web(nodes, edges, seed, weighted)
    rows, sums = graph.backlinks, graph.links.sums()
    alpha, weights = 0.85, np.ones(len(rows.indices)) if rows.weights is None else rows.weights

    order, place, longest = small._order(rows.indptr, sums)
    columns = rows.indices.view(np.uint32)
    found = small._equations(rows.indptr, columns, rows.weights, order, place, sums, alpha)

    counts, votes = rows.counts(), len(order)
    assert longest == counts.max()
    assert order.tolist() == sorted(np.flatnonzero(sums > 0), key=lambda node: (counts[node], node % 2, node))
    starts, columns, moved, gain, stale = found
    expected = np.zeros((votes + 1, votes + 1))
    loops = np.zeros(votes)
    for row, node in enumerate(order):
        for edge in range(rows.indptr[node], rows.indptr[node + 1]):
            if (voter := place[rows.indices[edge]]) == row:
                loops[row] += weights[edge]
            elif voter < votes:
                expected[row, voter] += weights[edge]
    got = np.zeros_like(expected)
    for row in range(votes):
        for edge in range(starts[row], starts[row + 1]):
            got[row, columns[edge]] += 1.0 if moved is None else moved[edge]
    assert (got[:, :votes] == expected[:, :votes]).all()
    assert stale == pytest.approx(np.triu(expected, 1).sum(axis=0)[:votes])
    assert gain == pytest.approx(alpha / (sums[order] - alpha * loops))
