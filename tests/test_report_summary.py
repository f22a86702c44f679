"""`linkgraph.insights.summary`: from the links of a domain to its one row."""

from __future__ import annotations

import pyarrow as pa
import pytest

from linkgraph.errors import UnknownDomainError, UsageError
from linkgraph.insights.asked import read_domains
from linkgraph.insights.summary import BINS, SUMMARY, summarise

LINK = {
    "kind": "a",
    "anchor": "",
    "alt": None,
    "nofollow": False,
    "ugc": False,
    "sponsored": False,
    "src_authority": 0.0,
    "quality": None,
}


def link(page: str, **columns):
    return LINK | {"src_url": page, "src_domain": page.split("/")[2]} | columns


class Told:
    """Answers that a test gives itself, in the columns and types of a data set's."""

    def __init__(self, links: list[dict], *, crawled: int = 1, known: str = "asked.example") -> None:
        self.links = links
        self.crawled = crawled
        self.known = known
        self.asked: list[str] = []

    def _check(self, domain: str) -> None:
        if domain != self.known:
            raise UnknownDomainError(domain, [self.known])

    def authority(self, domains=None):
        (domain,) = domains
        self._check(domain)
        followed = [one for one in self.links if not (one["nofollow"] or one["ugc"] or one["sponsored"])]
        row = {
            "domain": domain,
            "authority": 12.5,
            "rank": 3,
            "crawled_pages": self.crawled,
            "referring_domains": len({one["src_domain"] for one in self.links}),
            "referring_domains_followed": len({one["src_domain"] for one in followed}),
            "backlinks": len(self.links),
            "backlinks_followed": len(followed),
        }
        return pa.Table.from_pylist([row])

    def backlinks(self, domain):
        self._check(domain)
        self.asked.append(domain)
        types = {"alt": pa.string(), "nofollow": pa.bool_(), "ugc": pa.bool_(), "sponsored": pa.bool_()}
        names = [*LINK, "src_url", "src_domain"]
        floats = {"src_authority": pa.float64(), "quality": pa.float64()}
        fields = [pa.field(name, (types | floats).get(name, pa.string())) for name in names]
        return pa.Table.from_pylist(self.links, schema=pa.schema(fields))


def row_of(*links: dict, **told) -> dict:
    (row,) = summarise(Told(list(links), **told), ["asked.example"]).to_pylist()
    return row


def test_a_row_tells_counts_shares_and_the_best_links():
    row = row_of(
        link("http://small.example/1", anchor="asked", src_authority=3.0),
        link("http://small.example/2", anchor="asked", src_authority=3.0, nofollow=True),
        link("http://large.example/", anchor="read this", src_authority=41.0),
    )

    assert row["followed_share"] == pytest.approx(2 / 3)
    assert row["referring_domains"] == 2
    assert row["top_referring_domains"] == ["large.example", "small.example"]
    assert row["top_referring_authority"] == [41.0, 3.0]
    assert row["top_referring_backlinks"] == [1, 2]
    assert row["referring_authority_median"] == 22.0


def test_referring_domains_are_counted_once_in_bins_of_two_points():
    row = row_of(
        link("http://a.example/1", src_authority=1.9),
        link("http://a.example/2", src_authority=1.9),
        link("http://b.example/", src_authority=2.0),
        link("http://c.example/", src_authority=100.0),
    )

    assert row["referring_by_authority"] == [1, 1, *[0] * (BINS - 3), 1]


def test_a_site_wide_anchor_counts_one_domain_and_so_stands_behind_two_editorial_ones():
    footer = [link(f"http://big.example/{page}", anchor="our partner") for page in range(50)]
    row = row_of(*footer, link("http://a.example/", anchor="a review"), link("http://b.example/", anchor="a review"))

    assert row["top_anchors"] == ["a review", "our partner"]
    assert row["top_anchor_domains"] == [2, 1]
    assert row["top_anchor_backlinks"] == [2, 50]


def test_the_alt_text_is_the_anchor_of_an_image_and_no_text_stays_empty():
    row = row_of(link("http://a.example/1", alt="Logo"), link("http://a.example/2"), link("http://a.example/3"))

    assert dict(zip(row["top_anchors"], row["top_anchor_backlinks"], strict=True)) == {"": 2, "Logo": 1}


def test_the_page_that_a_report_points_to_holds_a_followed_link_where_there_is_one():
    row = row_of(
        link("http://a.example/0", ugc=True),
        link("http://a.example/1", sponsored=True),
        link("http://a.example/2"),
    )

    assert row["top_referring_pages"] == ["http://a.example/2"]


def test_what_a_page_loads_is_no_backlink():
    row = row_of(link("http://a.example/", kind="script", src_authority=9.0), link("http://b.example/", anchor="b"))

    assert row["top_referring_domains"] == ["b.example"]
    assert row["top_anchors"] == ["b"]


def test_the_best_backlinks_are_one_a_domain_and_the_median_is_theirs():
    footer = [link(f"http://big.example/{page}", anchor="partner", quality=5.0) for page in range(50)]
    row = row_of(
        *footer,
        link("http://a.example/1", anchor="a review", quality=40.0),
        link("http://a.example/2", anchor="again", quality=60.0),
        link("http://b.example/", anchor="b", quality=30.0),
        link("http://c.example/", anchor="not looked at"),
    )

    assert row["best_pages"] == ["http://a.example/2", "http://b.example/", "http://big.example/0"]
    assert row["best_anchors"] == ["again", "b", "partner"]
    assert row["best_qualities"] == [60.0, 30.0, 5.0]
    assert row["quality_median"] == 30.0


def test_a_build_that_did_not_look_for_quality_has_none():
    row = row_of(link("http://a.example/1"))

    assert row["quality_median"] is None
    assert row["best_pages"] is None


@pytest.mark.parametrize(("crawled", "status"), [(4, "crawled"), (0, "linked")])
def test_the_status_tells_whether_pages_of_the_domain_were_fetched(crawled, status):
    assert row_of(link("http://a.example/"), crawled=crawled)["status"] == status


def test_a_domain_without_backlinks_has_empty_lists_and_no_share():
    row = row_of()

    assert row["followed_share"] is None
    assert row["referring_authority_median"] is None
    assert row["top_anchors"] == []
    assert row["referring_by_authority"] == [0] * BINS


def test_an_unknown_domain_is_a_row_with_near_names_between_the_others():
    told = Told([link("http://a.example/")])
    table = summarise(told, ["asked.exampel", "asked.example"])

    assert table.schema == SUMMARY
    assert table.column("domain").to_pylist() == ["asked.exampel", "asked.example"]
    assert table.column("status").to_pylist() == ["unknown", "crawled"]
    assert table.column("near_names").to_pylist()[0] == ["asked.example"]


def test_each_domain_is_looked_up_once():
    told = Told([link("http://a.example/")])
    summarise(told, ["asked.example"])

    assert told.asked == ["asked.example"]


def test_no_domains_make_an_empty_table():
    assert summarise(Told([]), []).num_rows == 0


def test_domains_come_from_files_and_arguments_and_junk_is_named_with_its_line(tmp_path):
    clients = tmp_path / "clients.txt"
    clients.write_text("# ours\nexample.org\n\nhttps://www.example.co.uk/page  # a URL\n not a domain\nEXAMPLE.org\n")
    domains, problems = read_domains([str(clients), "blog.example.net", "::"])

    assert domains == ["example.org", "example.co.uk", "example.net"]
    assert [problem.partition(": ")[0] for problem in problems] == [f"{clients}:5", "--domains"]


def test_a_list_that_is_not_there_is_no_domain():
    with pytest.raises(UsageError, match=r"clients\.txt is no file"):
        read_domains(["clients.txt"])


def test_only_junk_is_an_error_that_names_it():
    with pytest.raises(UsageError, match="no domain and no"):
        read_domains(["::"])
