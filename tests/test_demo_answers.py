"""What single answers of the demo web say: determinism, robots.txt, feeds, charsets, languages."""

from __future__ import annotations

import os
import subprocess
import sys
from hashlib import sha256
from xml.etree import ElementTree as ET

import pytest
from protego import Protego

from linkgraph.demo import DemoWeb

DIGEST = """
from hashlib import sha256
from linkgraph.demo import DemoWeb
web = DemoWeb.build()
digest = sha256()
for host in web.hosts[::9]:
    for page in web.pages(host):
        digest.update(web.respond(host, page.path).body)
print(digest.hexdigest())
"""


@pytest.fixture(scope="module")
def web() -> DemoWeb:
    return DemoWeb.build()


def test_one_seed_gives_the_same_bytes_in_another_process_with_another_hash_seed(web, root):
    digest = sha256()
    for host in web.hosts[::9]:
        for page in web.pages(host):
            digest.update(web.respond(host, page.path).body)
    environment = {**os.environ, "PYTHONHASHSEED": "7", "PYTHONPATH": str(root)}
    other = subprocess.run([sys.executable, "-c", DIGEST], capture_output=True, text=True, env=environment, check=True)
    assert other.stdout.strip() == digest.hexdigest()


def test_another_seed_gives_other_pages_on_the_same_hosts(web):
    other = DemoWeb.build(seed=7)
    assert other.hosts == web.hosts
    assert other.respond("crumbandcrust.example", "/").body != web.respond("crumbandcrust.example", "/").body


def test_robots_txt_says_what_the_plan_says(web):
    policies = set()
    for site in web.sites:
        answer = web.respond(site.host, "/robots.txt")
        policies.add((site.robots, answer.status))
        rules = Protego.parse(answer.body.decode()) if answer.status == 200 else None
        for page in web.pages(site.host):
            refused = not rules.can_fetch(page.url, "linkgraph") if rules else answer.status == 503
            assert web.disallowed(page.url) == refused, page.url
    assert policies == {
        ("sitemap", 200),
        ("delay", 200),
        ("private", 200),
        ("open", 200),
        ("missing", 404),
        ("failing", 503),
    }
    greedy = Protego.parse(web.respond("nightskyletter.example", "/robots.txt").body.decode())
    assert greedy.crawl_delay("linkgraph") is None


def test_feeds_are_rss_and_name_pages(web):
    feeds = [page for host in web.hosts for page in web.pages(host) if page.layout == "feed"]
    assert len(feeds) > 30
    for page in feeds:
        written = web.write(page.host, page.path)
        found = [node.text for node in ET.fromstring(written.answer.body).iterfind("channel/item/link")]
        assert found == [link.target for link in written.links] != []


@pytest.mark.parametrize(
    ("host", "charset", "header", "word"),
    [
        ("xn--bcherstube-9db.example", "iso-8859-1", "text/html", "für"),
        ("lecarnetdufromager.example", "iso-8859-1", "text/html; charset=iso-8859-1", "é"),
        ("zvezdny-dnevnik.example", "windows-1251", "text/html; charset=windows-1251", "Звёздный"),
        ("ocha-nikki.example", "utf-16", "text/html", "お茶日記"),
        ("cuadernodelpuerto.example", "utf-8", "text/html", "más"),
    ],
)
def test_charsets_are_said_in_the_header_the_meta_element_or_the_byte_order_mark(web, host, charset, header, word):
    answer = web.respond(host, "/")
    assert dict(answer.headers)["Content-Type"] == header
    assert word in answer.body.decode(charset)
    if header == "text/html" and charset != "utf-16":
        assert f'<meta charset="{charset}">'.encode() in answer.body


def test_six_languages_are_declared(web):
    assert {site.language for site in web.sites} == {"en", "de", "fr", "es", "ru", "ja"}
