"""What sites know against what a page said: a claim of the page stands, a guess of it does not."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from linkgraph.classify.sites import Facts, revise


@pytest.mark.parametrize(("probability", "answer"), [(0.9, "ugc"), (0.5, "ugc"), (0.4, "owner")])
def test_one_owner_overrules_a_readers_link_only_where_its_page_guessed(probability, answer):
    links = pa.table(
        {
            "placement": ["forum"],
            "acquisition": ["ugc"],
            "acquisition_probability": pa.array([probability], pa.float32()),
            "evidence": ["placement: forum post"],
        }
    )
    no = np.zeros(1, bool)
    facts = Facts(owner=["shared account id"], copied=no, exchanged=no, sitewide=no, credited=np.zeros(1, np.int64))

    assert revise(links, facts)["acquisition"].to_pylist() == [answer]
