"""PageRank against closed forms and other implementations; authority against its promises."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from linkgraph.authority.pagerank import PageRank, pagerank
from linkgraph.authority.score import DECADES, authority, positions
from linkgraph.errors import GraphError
from linkgraph.graph.csr import LinkGraph
from linkgraph.graph.power import smallest_tolerance

ALPHAS = [0.0, 0.5, 0.85, 0.99]


def ranks_of(edges, nodes, alpha=0.85, **options):
    src, dst = zip(*edges, strict=True) if edges else ((), ())
    tol = max(1e-12, smallest_tolerance(alpha))
    return pagerank(LinkGraph.from_arrays(src, dst, nodes), alpha=alpha, tol=tol, **options)


@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize("nodes", [1, 2, 7])
def test_on_a_clique_all_are_equal(alpha, nodes):
    edges = [(tail, head) for tail in range(nodes) for head in range(nodes) if tail != head]

    assert ranks_of(edges, nodes, alpha).scores == pytest.approx(np.full(nodes, 1 / nodes), abs=1e-9)


@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize("nodes", [1, 3, 50])
def test_on_a_cycle_all_are_equal(alpha, nodes):
    edges = [(node, (node + 1) % nodes) for node in range(nodes)]

    assert ranks_of(edges, nodes, alpha).scores == pytest.approx(np.full(nodes, 1 / nodes), abs=1e-9)


@pytest.mark.row("O5")
@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize("nodes", [1, 4])
def test_without_links_all_are_equal_at_once(alpha, nodes):
    ranks = ranks_of([], nodes, alpha)

    assert ranks.scores == pytest.approx(np.full(nodes, 1 / nodes), abs=1e-15)
    assert ranks.iterations == 1


@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize("leaves", [1, 5, 100])
def test_the_centre_of_a_star_of_voters_gets_what_the_closed_form_says(alpha, leaves):
    """Leaves vote for the dangling centre: leaf = f, centre = f (1 + alpha leaves), and they sum to 1."""
    floor = 1 / (leaves + 1 + alpha * leaves)
    ranks = ranks_of([(leaf, 0) for leaf in range(1, leaves + 1)], leaves + 1, alpha)

    assert ranks.scores[0] == pytest.approx(floor * (1 + alpha * leaves), abs=1e-9)
    assert ranks.scores[1:] == pytest.approx(np.full(leaves, floor), abs=1e-9)
    assert ranks.unit == pytest.approx(floor, abs=1e-9)


@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize("leaves", [1, 5, 100])
def test_a_star_of_mutual_votes_gets_what_the_closed_form_says(alpha, leaves):
    """centre = (1-a)/n + a * leaves * leaf and leaf = (1-a)/n + a * centre / leaves, with n = leaves + 1."""
    edges = [edge for leaf in range(1, leaves + 1) for edge in ((leaf, 0), (0, leaf))]
    base = (1 - alpha) / (leaves + 1)
    centre = base * (1 + alpha * leaves) / (1 - alpha**2)
    ranks = ranks_of(edges, leaves + 1, alpha)

    assert ranks.scores[0] == pytest.approx(centre, abs=1e-9)
    assert ranks.scores[1:] == pytest.approx(np.full(leaves, base + alpha * centre / leaves), abs=1e-9)


@pytest.mark.row("O5")
@pytest.mark.parametrize("alpha", ALPHAS)
def test_a_self_loop_is_a_vote_for_oneself(alpha):
    """Node 0 loops, node 1 dangles: x0 = f / (1 - alpha) and x1 = f, where f is the floor."""
    ranks = ranks_of([(0, 0)], 2, alpha)

    assert ranks.scores[0] == pytest.approx(ranks.scores[1] / (1 - alpha), abs=1e-9)
    assert ranks.scores.sum() == pytest.approx(1, abs=1e-9)


@pytest.mark.row("O5")
def test_the_empty_graph_has_no_ranks():
    ranks = ranks_of([], 0)

    assert (len(ranks.scores), ranks.error, ranks.iterations, ranks.unit) == (0, 0.0, 0, 0.0)
    assert len(authority(ranks)) == len(positions(ranks.scores)) == 0


def power_in_scipy(src, dst, weights, nodes, alpha, steps=2000):
    links = sparse.csr_array((weights, (src, dst)), shape=(nodes, nodes))
    sums = np.asarray(links.sum(axis=1)).ravel()
    per_weight = np.divide(1.0, sums, out=np.zeros(nodes), where=sums > 0)
    walk = (sparse.diags_array(per_weight) @ links).T.tocsr()
    ranks = np.full(nodes, 1 / nodes)
    for _ in range(steps):
        ranks = alpha * (walk @ ranks + ranks[sums == 0].sum() / nodes) + (1 - alpha) / nodes
    return ranks


graphs = st.integers(1, 25).flatmap(
    lambda nodes: st.tuples(
        st.just(nodes),
        st.lists(
            st.tuples(st.integers(0, nodes - 1), st.integers(0, nodes - 1), st.sampled_from([0.0, 0.25, 1.0, 7.0])),
            max_size=80,
        ),
    )
)


@settings(max_examples=60)
@given(graphs, st.sampled_from([0.3, 0.85, 0.95]), st.booleans())
def test_ranks_agree_with_scipy_and_networkx(case, alpha, weighted):
    nodes, edges = case
    src, dst, weights = (np.array(column) for column in zip(*edges, strict=True)) if edges else (np.array([], int),) * 3
    if not weighted:
        src, dst = np.unique(np.stack([src, dst]), axis=1)
        weights = np.ones(len(src))
    graph = LinkGraph.from_arrays(src, dst, nodes, weights if weighted else None)
    ranks = pagerank(graph, alpha=alpha)

    expected = power_in_scipy(src, dst, weights.astype(float), nodes, alpha, steps=600)
    assert np.abs(ranks.scores - expected).sum() <= ranks.error + 1e-12
    assert ranks.error <= 1e-10
    theirs = nx.pagerank(graph.to_networkx(), alpha=alpha, tol=1e-14, max_iter=2000, backend="networkx")
    assert ranks.scores == pytest.approx([theirs[node] for node in graph], abs=1e-9)


def test_the_bound_is_never_below_the_error():
    graph = LinkGraph.from_arrays(*np.random.default_rng(4).integers(0, 300, (2, 900)), 300)
    exact = pagerank(graph, tol=1e-12).scores

    for tol in (1e-2, 1e-4, 1e-6, 1e-8):
        ranks = pagerank(graph, tol=tol)
        assert np.abs(ranks.scores - exact).sum() <= ranks.error + 1e-12 <= tol + 1e-12


@pytest.mark.parametrize("teleport", [[1, 0, 0], [0, 2, 6]])
def test_a_teleport_vector_says_where_the_surfer_starts_again(teleport):
    edges = [(0, 1), (1, 2)]
    named = dict(enumerate(teleport))
    theirs = nx.pagerank(nx.DiGraph(edges), personalization=named, tol=1e-14, max_iter=999, backend="networkx")

    assert ranks_of(edges, 3, teleport=teleport).scores == pytest.approx(list(theirs.values()), abs=1e-9)


def test_a_hub_of_many_votes_is_added_up_without_loss():
    """With one plain sum the iteration would not settle below an error of 1e-11."""
    leaves, alpha = 200_000, 0.85
    voters = np.arange(1, leaves + 1)
    ranks = pagerank(LinkGraph.from_arrays(voters, np.zeros(leaves, int), leaves + 1), alpha=alpha, tol=1e-12)

    assert ranks.scores[0] == pytest.approx((1 + alpha * leaves) / (leaves + 1 + alpha * leaves), abs=1e-13)


def test_the_same_graph_gives_the_same_bits():
    edges = np.random.default_rng(7).integers(0, 5000, (2, 40_000))
    one, two = (pagerank(LinkGraph.from_arrays(*shuffled, 5000)) for shuffled in (edges, edges[:, ::-1]))

    assert one.scores.tobytes() == two.scores.tobytes()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"alpha": 1.0}, "alpha is 1.0"),
        ({"alpha": -0.1}, "alpha"),
        ({"alpha": float("nan")}, "alpha"),
        ({"tol": 0.0}, "tol is 0.0"),
        ({"tol": float("nan")}, "tol"),
        ({"teleport": [1.0]}, "1 entries for 3 nodes"),
        ({"teleport": [0, 0, 0]}, "not all zero"),
        ({"teleport": [1, -1, 1]}, "not negative"),
        ({"teleport": [1, float("nan"), 1]}, "finite"),
        ({"max_iter": 3}, "after 3 steps the L1 error"),
    ],
)
def test_what_has_no_defined_rank_is_refused(options, message):
    with pytest.raises(GraphError, match=message):
        pagerank(LinkGraph.from_arrays([0, 1, 2, 2], [1, 2, 0, 1], 3), **options)


def test_authority_is_0_without_votes_and_grows_by_a_decade_a_factor_of_ten():
    scores = np.array([1, 10, 1e3, 1e7, 1e9]) * 1e-10
    ranks = PageRank(scores, error=0.0, iterations=1, unit=1e-10, alpha=0.85)

    assert authority(ranks) == pytest.approx([0, 100 / DECADES, 300 / DECADES, 100, 100])


def test_a_domain_without_votes_has_exactly_0():
    ranks = ranks_of([(1, 0), (2, 0), (2, 1)], 5)

    assert authority(ranks)[2:].tolist() == [0.0, 0.0, 0.0]
    assert (authority(ranks)[:2] > 0).all()


def test_domains_that_vote_for_nobody_here_move_no_authority():
    """The unit cancels the size of the data set and its dangling mass: the scale is the same in every build."""
    edges = [(1, 0), (2, 0), (2, 1), (3, 1), (0, 3)]
    small, large = ranks_of(edges, 4), ranks_of([*edges, (5, 6)], 5000)

    assert authority(large)[:4] == pytest.approx(authority(small), abs=1e-6)


def test_another_vote_never_lowers_authority():
    few, more = ([(voter, 0) for voter in range(1, count)] for count in (4, 9))

    assert authority(ranks_of(more, 10))[0] > authority(ranks_of(few, 10))[0]


def test_equals_share_the_better_position():
    assert positions(np.array([0.2, 0.5, 0.2, 0.1])).tolist() == [2, 1, 2, 4]
