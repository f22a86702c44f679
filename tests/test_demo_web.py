"""The laws of the demo web, one test each."""

from __future__ import annotations

import gzip
import re
from collections import Counter
from itertools import combinations
from xml.etree import ElementTree as ET

import pytest

from linkgraph.demo import DEAD_HOSTS, PLANTINGS, DemoWeb, PageTruth, PlantedLink
from linkgraph.demo.words import TOPICS
from linkgraph.model import LINK_KINDS, ORIGINS, ZONES
from linkgraph.urls import registrable_domain, resolve


@pytest.fixture(scope="module")
def web() -> DemoWeb:
    return DemoWeb.build()


@pytest.fixture(scope="module")
def pages(web: DemoWeb) -> list[PageTruth]:
    return list(web.truth.html_pages())


@pytest.fixture(scope="module")
def reached(web: DemoWeb) -> frozenset[str]:
    return web.reachable(web.seeds)


def planted(web: DemoWeb, *words: str) -> list[PlantedLink]:
    return [link for link in web.truth.links if link.planting in words]


def body(web: DemoWeb, url: str) -> bytes:
    host, _, path = url.removeprefix("http://").partition("/")
    answer = web.respond(host, f"/{path}")
    assert answer is not None
    return answer.body


def hosts_of(web: DemoWeb, *genres: str) -> set[str]:
    return {site.host for site in web.sites if site.genre in genres}


def test_at_least_sixty_domains_under_reserved_names(web):
    assert {host.rpartition(".")[2] for host in (*web.hosts, *DEAD_HOSTS)} == {"example", "test"}
    assert len({registrable_domain(host) for host in web.hosts}) >= 60


def test_at_least_three_thousand_pages_of_three_to_twenty_kilobytes(web, pages):
    sizes = sorted(len(body(web, row.url)) for row in pages)
    assert len(sizes) >= 3000
    assert sizes[0] >= 3000
    assert sizes[-1] <= 20_480


def test_no_noun_belongs_to_two_subjects():
    for one, other in combinations(TOPICS.values(), 2):
        assert set(one.things).isdisjoint(other.things), (one.word, other.word)


def test_every_noun_forms_its_plural_with_s():
    irregular = re.compile(r"([^aeiou]y|s|x|z|ch|sh|f|fe)$")
    assert [thing for topic in TOPICS.values() for thing in topic.things if irregular.search(thing)] == []


def test_citations_mostly_stay_with_the_subject(web):
    topics = {site.host: site.topic for site in web.sites}
    pairs = [(link.source.split("/")[2], link.target.split("/")[2]) for link in planted(web, "editorial")]
    same = sum(topics[source] == topics.get(target) for source, target in pairs)
    assert 0.55 < same / len(pairs) < 0.85


def test_popular_sites_are_cited_more_by_writers_on_other_subjects(web):
    topics = {site.host: site.topic for site in web.sites}
    cited: Counter[str] = Counter()
    for link in planted(web, "editorial"):
        source, target = link.source.split("/")[2], link.target.split("/")[2]
        cited[target] += topics[source] != topics.get(target)
    assert cited["harbourgazette.example"] > 3 * cited["rindreport.example"] > 0


def test_every_word_of_planting_is_used_and_documented(web):
    assert {link.planting for link in web.truth.links} == set(PLANTINGS)


def test_kinds_zones_and_origins_are_those_of_the_data_contract(web):
    links = web.truth.links
    assert {link.kind for link in links} == {*LINK_KINDS, "img", "script", "style"}
    assert {link.zone for link in links} == set(ZONES)
    assert {link.origin for link in links} == {"html", "http-header", "sitemap", "feed"} <= set(ORIGINS)


def test_targets_of_the_truth_are_canonical(web):
    targets = {link.target for link in web.truth.links}
    assert len(targets) > 4000
    assert {target for target in targets if (found := resolve(target)) is None or found.url != target} == set()


def test_readers_links_are_ugc_and_nofollow_except_in_old_guest_books(web):
    old = hosts_of(web, "old")
    links = planted(web, "ugc", "hostile")
    assert all({"ugc", "nofollow"} <= set(link.rel) for link in links if link.source.split("/")[2] not in old)
    assert {link.rel for link in links if link.source.split("/")[2] in old} == {()}
    assert {link.zone for link in links} == {"comments"}


def test_spammers_comment_for_the_money_site_and_some_try_markup(web):
    assert any("<script>" in link.anchor for link in planted(web, "hostile"))
    assert any(link.anchor.startswith("=HYPERLINK") for link in planted(web, "hostile"))
    assert any(link.target == "http://best-cheap-watches.example/" for link in planted(web, "ugc"))


def test_paid_links_say_so_and_guests_do_not(web):
    assert all("sponsored" in link.rel for link in planted(web, "sponsored", "affiliate"))
    assert all("?ref=" in link.target for link in planted(web, "affiliate"))
    assert {link.rel for link in planted(web, "guest")} == {()}
    assert len(planted(web, "sponsored")) > 100 < len(planted(web, "affiliate"))


def test_biographies_lead_to_the_authors_own_site(web):
    own = hosts_of(web, "blog", "user")
    assert all(link.target.split("/")[2] in own for link in planted(web, "bio"))
    assert {link.rel for link in planted(web, "bio")} == {("author",), ("me",)}


def test_blogrolls_and_footers_stand_on_every_page_of_a_site(web, pages):
    posts = [row for row in pages if row.page.host == "wrenwatch.example"]
    rolls = {
        tuple(
            sorted(
                link.target
                for link in web.truth.links_of(row.url)
                if link.zone == "aside" and link.planting == "blogroll"
            )
        )
        for row in posts
    }
    assert len(rolls) == 1 < len(rolls.pop())
    for row in posts:
        assert any(link.planting == "footer" and link.zone == "footer" for link in web.truth.links_of(row.url))


def test_the_free_directory_lists_the_link_farm_and_the_careful_one_does_not(web):
    farm = hosts_of(web, "farm", "money")
    lists = {
        host: {link.target.split("/")[2] for link in planted(web, "directory") if link.source.split("/")[2] == host}
        for host in hosts_of(web, "directory")
    }
    assert lists["addurl-free.test"] & farm
    assert not lists["handpicked-links.example"] & farm
    assert len(lists["handpicked-links.example"]) > 40


def test_one_encyclopaedia_follows_its_external_links_and_one_does_not(web):
    rels = {(link.source.split("/")[2], link.rel) for link in planted(web, "reference")}
    assert rels == {("thecommonencyclopaedia.example", ()), ("craftpedia.test", ("nofollow",))}


def test_picture_links_have_an_alternative_text_and_no_anchor(web):
    assert all(link.alt and not link.anchor for link in planted(web, "image"))
    assert all(link.alt and link.kind == "area" for link in planted(web, "image-map"))


def test_canonicals_stand_in_heads_and_in_link_headers(web):
    for link in planted(web, "canonical"):
        host, _, path = link.source.removeprefix("http://").partition("/")
        headers = dict(web.respond(host, f"/{path}").headers)
        assert (link.origin == "http-header") == (headers.get("Link") == f'<{link.target}>; rel="canonical"')
    assert {link.origin for link in planted(web, "canonical")} == {"html", "http-header"}


def test_a_variant_shows_what_its_canonical_page_shows(web):
    for row in [row for rows in web.truth.pages.values() for row in rows if row.page.layout == "variant"][::9]:
        paragraphs = [re.findall(rb"<p>[^<]{80,}</p>", body(web, url)) for url in (row.url, row.page.to)]
        assert paragraphs[0] == paragraphs[1] != []


def hops(web: DemoWeb, url: str) -> list[str]:
    trail = [url]
    while len(trail) < 10:
        redirect = next((link for link in web.truth.links_of(trail[-1]) if link.kind == "redirect"), None)
        if redirect is None:
            break
        trail.append(redirect.target)
    return trail


def test_redirects_of_every_status_a_chain_of_five_hops_and_a_circle(web):
    rows = [row for rows in web.truth.pages.values() for row in rows if 300 <= row.status < 400]
    assert {row.status for row in rows} == {301, 302, 303, 307, 308}
    chain = hops(web, "http://hop.test/chain/1")
    assert len(chain) == 6
    assert len({url.split("/")[2] for url in chain}) == 4
    assert web.respond("thespokereview.example", chain[-1].removeprefix("http://thespokereview.example")).status == 200
    circle = hops(web, "http://hop.test/loop/1")
    assert len(circle) == 10
    assert len(set(circle)) == 3


def test_locations_are_absolute_or_relative(web):
    locations = [
        dict(web.respond(row.page.host, row.page.path).headers)["Location"]
        for rows in web.truth.pages.values()
        for row in rows
        if 300 <= row.status < 400
    ]
    assert {location.startswith("http://") for location in locations} == {True, False}


def test_the_old_web_has_frames_maps_and_refreshes(web):
    for host in hosts_of(web, "old"):
        kinds = {link.kind for row in web.truth.pages[host] for link in web.truth.links_of(row.url)}
        assert {"frame", "area", "refresh"} <= kinds
    assert b"<AREA SHAPE=CIRCLE" in body(web, "http://steamhomepage.example/map.htm")
    refresh = web.truth.links_of("http://parked-names.example/")[0]
    assert (refresh.kind, refresh.target) == ("refresh", "http://hop.test/s/1")


def test_every_page_of_the_link_farm_links_to_the_money_site(web, pages):
    farm = hosts_of(web, "farm")
    assert len(farm) == 20
    for row in [row for row in pages if row.page.host in farm]:
        targets = [link.target.split("/")[2] for link in web.truth.links_of(row.url) if link.planting == "farm"]
        assert "best-cheap-watches.example" in targets
        assert len(farm.intersection(targets)) == 3


def test_a_mirror_repeats_the_text_of_the_original(web, pages):
    copies = [row for row in pages if row.page.layout == "copy" and "/about" not in row.url]
    assert {row.page.host for row in copies} == {"hedge-and-shore-copy.example", "freebirdarticles.example"}
    for row in copies[::10]:
        texts = [re.findall(rb"<p>[^<]{60,}", body(web, url)) for url in (row.url, row.page.to)]
        assert texts[0] == texts[1] != []
        assert {link.source for link in web.truth.links_of(row.url)} == {row.url}


def test_one_mirror_names_the_original_and_one_does_not(web):
    sources = {link.source.split("/")[2] for link in planted(web, "canonical")}
    assert "hedge-and-shore-copy.example" in sources
    assert "freebirdarticles.example" not in sources


def test_users_of_the_hosting_platform_are_its_subdomains_and_link_back(web, pages):
    users = hosts_of(web, "user")
    assert len(users) == 15
    assert {registrable_domain(host) for host in users} == {"hearthpages.example"}
    for row in [row for row in pages if row.page.host in users]:
        assert "http://hearthpages.example/" in {
            link.target for link in web.truth.links_of(row.url) if link.planting == "hosted"
        }


def test_domains_of_one_owner_share_an_id_and_link_to_each_other_everywhere(web, pages):
    network = hosts_of(web, "network")
    assert len(network) == 6
    for row in [row for row in pages if row.page.host in network]:
        assert b"G-DEMO73021" in body(web, row.url)
        targets = {link.target.split("/")[2] for link in web.truth.links_of(row.url) if link.planting == "owner"}
        assert targets == network - {row.page.host}


def test_dead_targets_are_404_410_or_on_hosts_without_a_server(web):
    dead = {link.target for link in planted(web, "dead")}
    hosts = {url.split("/")[2] for url in dead}
    assert hosts >= set(DEAD_HOSTS)
    assert all(web.respond(host, "/") is None for host in DEAD_HOSTS)
    for url in dead:
        host, _, path = url.removeprefix("http://").partition("/")
        assert host in DEAD_HOSTS or web.respond(host, f"/{path}").status == 404
    assert {row.status for rows in web.truth.pages.values() for row in rows} >= {200, 410}


def test_directives_stand_in_meta_elements_and_headers(web, pages):
    for row in [row for row in pages if row.page.robots]:
        said = dict(web.respond(row.page.host, row.page.path).headers).get("X-Robots-Tag")
        html = body(web, row.url).replace(b"\0", b"")  # the utf-16 pages' markup is ASCII with zeros between
        meta = f'<meta name="robots" content="{row.page.robots}">'.encode() in html
        assert (said == row.page.robots, meta) == (row.page.robots_in_header, not row.page.robots_in_header)
        assert all(link.nofollow for link in web.truth.links_of(row.url)) == row.page.nofollow


def test_what_only_nofollow_leads_to_is_not_reached(reached, pages):
    assert "http://thespokereview.example/login" in {row.url for row in pages}
    assert "http://thespokereview.example/login" not in reached
    assert "http://thespokereview.example/partners/terms" not in reached


def sitemap_urls(web: DemoWeb, url: str) -> list[str]:
    raw = body(web, url)
    tree = ET.fromstring(gzip.decompress(raw) if url.endswith(".gz") else raw)
    found = [node.text or "" for node in tree.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")]
    if tree.tag.endswith("sitemapindex"):
        return [entry for inner in found for entry in sitemap_urls(web, inner)]
    return found


def test_sitemaps_are_plain_gzipped_and_indexed_and_alone_name_some_pages(web, reached):
    kinds = set()
    linked = {link.target for link in web.truth.links if link.origin != "sitemap"}
    for site in web.sites:
        said = re.findall(rb"^Sitemap: (.*)$", web.respond(site.host, "/robots.txt").body, re.MULTILINE)
        kinds.add(site.sitemap)
        assert bool(said) == (site.sitemap != "none")
        entries = sitemap_urls(web, said[0].decode()) if said else []
        unlinked = [page.url for page in web.pages(site.host) if not page.linked]
        assert set(unlinked) <= set(entries) - linked
        assert reached.issuperset(unlinked)
    assert kinds == {"plain", "gzip", "index", "none"}


def test_hrefs_are_spelt_in_many_ways(web, pages):
    text = b"".join(body(web, row.url) for row in pages[::5])
    for spelling in (
        rb'href="http://',
        rb'href="//',
        rb'href="/\w',
        rb'href="\.\./',
        rb'href="\./',
        rb'href="HTTP://[A-Z]',
        rb'href="http://[^/"]*:80/',
        rb'href=" http://[^"]*\n"',
        rb'href="mailto:',
        rb'href="javascript:',
    ):
        assert re.search(spelling, text), spelling


def test_every_page_is_reached_from_the_seeds_unless_robots_forms_or_nofollow_stand_before_it(web, pages, reached):
    missed = Counter(row.page.layout for row in pages if row.url not in reached and not web.disallowed(row.url))
    assert missed == {"register": 15, "terms": 15, "search": 6}
    assert len(reached) > 3500


def test_a_crawler_that_reads_no_head_links_reaches_the_same_pages(web, reached):
    link_targets = {link.target for link in web.truth.links if link.kind == "link"}
    others = {link.target for link in web.truth.links if link.kind != "link"}
    assert link_targets & reached <= others
