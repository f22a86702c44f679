"""Rows that are kept as their difference to the row before are the same rows, and ranks come out the same."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkgraph.authority.pagerank import pagerank, pageranks
from linkgraph.graph import system
from linkgraph.graph.csr import LinkGraph
from linkgraph.graph.power import Walk
from linkgraph.graph.system import system_of
from linkgraph.graph.threads import Workers


def site(pages, strangers=40, seed=1):
    """Pages of one template, each linked from all others and itself, among pages that link at random."""
    dice = np.random.default_rng(seed)
    src, dst = (each.ravel() for each in np.meshgrid(np.arange(pages), np.arange(pages)))
    more = dice.integers(0, pages + strangers, (2, 4 * strangers))
    return LinkGraph.from_arrays(np.r_[src, more[0]], np.r_[dst, more[1]], pages + strangers)


def made(walk):
    with Workers() as workers:
        return system_of(walk.rows, walk.sums, 0.85, None, workers)


def written_out(equations):
    """The voters of each row, and whether their new share is read; no places that stand for no vote."""
    count, found = len(equations.nodes), {}
    for begin, end, first in equations.blocks:
        voters = Counter()
        for row in range(begin, end):
            entries = equations.columns[
                first if row == begin else equations.ends[row - 1] : equations.ends[row]
            ].tolist()
            back = -1 if equations.back is None else equations.back[row]
            voters = voters if back >= 0 else Counter()
            voters.update(entries[: len(entries) - max(back, 0)])
            voters.subtract(entries[len(entries) - max(back, 0) :])
            found[row] = {column: times for column, times in voters.items() if times and column != count}
    return found


def expected(equations, rows):
    """The same from the rows, and what the votes of each weigh that are read after the sweep changed them."""
    count, found, settled = len(equations.nodes), {}, np.zeros(len(equations.nodes))
    weights = np.ones(len(rows.indices)) if rows.weights is None else rows.weights
    for begin, end, _ in equations.blocks:
        for row in range(begin, end):
            votes = slice(*rows.indptr[equations.nodes[row] : equations.nodes[row] + 2])
            voters = equations.place[rows.indices[votes]].astype(int)
            known = (voters >= begin) & (voters <= row)
            np.add.at(settled, voters[known], weights[votes][known])
            others = np.where(known, voters + count + 1, voters)[(voters != row) & (voters < count)]
            found[row] = dict(Counter(others.tolist()))
    return found, settled


def agree(equations, walk):
    rows, settled = expected(equations, walk.rows)
    weights = np.ones(len(walk.rows.indices)) if walk.rows.weights is None else walk.rows.weights
    voters = np.repeat(np.arange(len(walk.sums)), walk.rows.counts())
    own = voters == walk.rows.indices
    loops = np.bincount(voters[own], weights[own], len(walk.sums))[equations.nodes]
    assert written_out(equations) == rows
    assert equations.settled == pytest.approx(settled)
    assert equations.gain == pytest.approx(0.85 / (walk.sums[equations.nodes] - 0.85 * loops))
    assert sorted(equations.nodes) == np.flatnonzero(walk.sums > 0).tolist()


def test_the_rows_of_a_template_are_kept_as_a_few_differences():
    walk = Walk.of(site(60))
    equations = made(walk)

    assert sum(equations.ends[end - 1] - first for _, end, first in equations.blocks) < len(walk.rows.indices) / 5
    agree(equations, walk)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 60), st.integers(1, 40), st.integers(0, 10**6))
def test_differences_add_up_to_the_rows_whatever_the_templates(pages, templates, seed):
    dice = np.random.default_rng(seed)
    shown = dice.random((templates, pages)) < 0.7
    links = shown[np.sort(dice.integers(0, templates, pages))] ^ (dice.random((pages, pages)) < 0.05)
    walk = Walk.of(LinkGraph.from_arrays(*np.nonzero(links.T), pages))

    agree(made(walk), walk)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 40), st.integers(0, 300), st.integers(0, 10**6))
def test_weighted_rows_are_kept_whole(nodes, edges, seed):
    dice = np.random.default_rng(seed)
    walk = Walk.of(LinkGraph.from_arrays(*dice.integers(0, nodes, (2, edges)), nodes, dice.random(edges)))
    equations = made(walk)

    assert equations.back is None
    agree(equations, walk)


@pytest.mark.parametrize(("nodes", "edges", "blocks"), [(300, 2000, 1), (30_000, 400_000, 4)])
def test_neighbours_stand_in_order_of_length_within_a_window_of_their_block(nodes, edges, blocks):
    rows = Walk.of(LinkGraph.from_arrays(*np.random.default_rng(4).integers(0, nodes, (2, edges)), nodes))
    equations = made(rows)

    assert len(equations.blocks) == blocks
    assert max(block[:2] for block in equations.blocks)[1] == len(equations.nodes)
    lengths = np.minimum(rows.rows.counts(), 16)
    for begin, end, _ in equations.blocks:
        for first in range(begin, end, system.WINDOW):
            window = equations.nodes[first : min(first + system.WINDOW, end)].tolist()
            assert window == sorted(window, key=lambda node: (-lengths[node], node))


def test_a_graph_without_votes_has_no_equations():
    assert len(made(Walk.of(LinkGraph.from_arrays([], [], 3))).nodes) == 0


def test_several_vectors_over_shortened_rows_are_the_single_ones():
    graph = site(120)
    voting = np.random.default_rng(2).random((len(graph), 5)) < 0.5
    voting[:, 0] = True
    many = pageranks(graph, voting=voting, tol=2e-12)

    assert np.abs(many.scores[:, 0] - pagerank(graph, tol=1e-12).scores).sum() <= 4e-12
    tails, heads = np.repeat(np.arange(len(graph)), graph.links.counts()), graph.links.indices
    for vector in range(1, 5):
        kept = voting[tails, vector]
        alone = pagerank(LinkGraph.from_arrays(tails[kept], heads[kept], len(graph)), tol=1e-12)
        assert np.abs(many.scores[:, vector] - alone.scores).sum() <= 4e-12
