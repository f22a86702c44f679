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


def made(graph, *, shorten):
    walk = Walk.of(graph)
    with Workers() as workers:
        return system_of(walk.rows, walk.sums, 0.85, None, workers, shorten=shorten)


def voters(equations):
    """The voters of each node, written out, and whether their new share is read; no places that stand for no vote."""
    count, found, row_voters = len(equations.nodes), {}, Counter()
    for row in range(count):
        columns = equations.columns[equations.indptr[row] : equations.indptr[row + 1]].tolist()
        turn = len(columns) if equations.turn is None or equations.turn[row] >= 0 else ~equations.turn[row]
        if equations.turn is None or equations.turn[row] >= 0:
            row_voters = Counter()
        else:
            turn -= equations.indptr[row]
        row_voters.update(columns[:turn])
        row_voters.subtract(columns[turn:])
        found[int(equations.nodes[row])] = {
            (int(equations.nodes[column % count]), column >= count): times
            for column, times in row_voters.items()
            if times and column < 2 * count
        }
    return found


def test_the_rows_of_a_template_are_kept_as_a_few_differences():
    whole, short = (made(site(60), shorten=shorten) for shorten in (False, True))

    assert len(short.columns) < len(whole.columns) / 5
    assert voters(short) == voters(whole)


@settings(max_examples=60)
@given(st.integers(1, 12), st.integers(0, 90), st.integers(0, 10**6), st.integers(1, 4))
def test_differences_add_up_to_the_rows(nodes, edges, seed, longest):
    pairs = np.random.default_rng(seed).integers(0, nodes, (2, edges))
    graph = LinkGraph.from_arrays(*pairs, nodes)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(system, "WORTHWHILE", 2.0)
        short = made(graph, shorten=True)
    whole = made(graph, shorten=False)

    assert short.turn is not None
    assert voters(short) == voters(whole)
    assert dict(zip(short.nodes, short.gain, strict=True)) == dict(zip(whole.nodes, whole.gain, strict=True))
    assert short.blocks == whole.blocks


@pytest.mark.parametrize(("nodes", "edges", "blocks"), [(300, 2000, 1), (30_000, 400_000, 3)])
def test_the_rows_of_a_system_stand_by_their_node(nodes, edges, blocks):
    pairs = np.random.default_rng(4).integers(0, nodes, (2, edges))
    equations = made(LinkGraph.from_arrays(*pairs, nodes), shorten=False)

    assert len(equations.blocks) == blocks
    assert (np.diff(equations.nodes) > 0).all()


def test_differences_are_not_kept_where_they_do_not_pay_or_votes_weigh():
    pairs = np.random.default_rng(1).integers(0, 1000, (2, 5000))

    assert made(LinkGraph.from_arrays(*pairs, 1000), shorten=True).turn is None
    assert made(LinkGraph.from_arrays([0, 1], [2, 2], 3, [0.5, 1.0]), shorten=True).turn is None
    assert len(made(LinkGraph.from_arrays([], [], 3), shorten=True).nodes) == 0


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
