"""Real pages in headless Chromium, scripts off → what its DOM links to, beside what `linkgraph.extract` says.

Every page is fulfilled from its file and every other request is aborted: nothing leaves the process. Links are compared
as multisets, an instance each: by href as the browser serialises it, and by href and text.
"""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from linkgraph.extract import examine
from linkgraph.extract.text import MAX_ANCHOR, clip, tidy
from linkgraph.urls import MAX_URL_LENGTH, resolve

TYPE = "text/html"

READ = """() => {
  const unseen = 'script, style, title, noembed, noframes, iframe';
  const seen = (node, link) => {
    const hidden = node.parentElement.closest(unseen), silent = node.parentElement.closest('noscript');
    return !(hidden && link.contains(hidden)) && !(silent && link.contains(silent));
  };
  const read = link => {
    const walk = document.createTreeWalker(link, NodeFilter.SHOW_TEXT), pieces = [];
    while (walk.nextNode()) if (seen(walk.currentNode, link)) pieces.push(walk.currentNode.data);
    return pieces.join('');
  };
  const text = node => node.tagName === 'AREA' ? ['', ''] : [node.innerText, read(node)];
  const links = [...document.links].map(n => [n.tagName.toLowerCase(), n.href, ...text(n)]);
  const of = (selector, property) =>
    [...document.querySelectorAll(selector)].map(n => [n.tagName.toLowerCase(), n[property]]);
  const canonical = [...document.head?.querySelectorAll('link[rel~="canonical" i][href]') ?? []]
    .map(n => n.href).filter(h => /^https?:/.test(h));
  return {
    links,
    frames: of('frame[src]:not([src=""]), iframe[src]:not([src=""])', 'src'),
    forms: [...document.querySelectorAll('form[action]:not([action=""])')].map(n => [
      'form', new URL(Element.prototype.getAttribute.call(n, 'action'), document.baseURI).href]),
    canonical: canonical[0] ?? null,
    silent: document.querySelector('noscript meta[http-equiv="refresh" i]') !== null,
  };
}"""


@dataclass
class Seen:
    """One page, as the browser or as we see it."""

    links: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(kind, href) of `a` and `area`."""
    texts: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(href, text) of `a`, blanks left out; the browser's from the text nodes that a reader may see."""
    shown: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(href, text) of `a`; the browser's by `innerText`."""
    others: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(kind, href) of frames, forms, the canonical and refreshes."""
    capped: bool = False
    """Whether extraction left links out, because the page has more than it keeps."""


def browser_path() -> str | None:
    """Return Debian's Chromium, or None where there is none."""
    return shutil.which("chromium-headless-shell") or shutil.which("chromium")


def _kept(href: str) -> bool:
    """Tell whether the browser's *href* is an http(s) link within the documented length."""
    url = resolve(href)
    return url is not None and max(len(url.url), len(url.fragment or "")) <= MAX_URL_LENGTH


def spelled(href: str) -> str:
    """Return *href* as Chromium spells it: it escapes `|` in a path, which the URL Standard (1.3) leaves alone."""
    address, mark, rest = re.match(r"([^?#]*)([?#]?)(.*)", href, re.DOTALL).groups()
    return address.replace("|", "%7C") + mark + rest


def bare(text: str) -> str:
    """Return *text* without blanks: markup is indented, and where blocks part words differs by style."""
    return re.sub(r"\s+", "", tidy(text))


def explain(mine: Counter[tuple[str, str]], its: Counter[tuple[str, str]]) -> Iterator[str]:
    """Yield the class of each (href, text) that only one side has; an anchor differs from `innerText` by style alone.

    Extraction reads no style (`linkgraph.extract.zones`), so what a style sheet hides, capitalises or moves apart is
    a difference by design; whatever fits none of the classes is `unexplained`.
    """
    texts: dict[str, list[str]] = {}
    for href, text in mine.elements():
        texts.setdefault(href, []).append(text)
    for href, shown in its.elements():
        candidates = texts.get(href, [])
        yield min((_class(text, shown) for text in candidates), default="unexplained")


def _class(text: str, shown: str) -> str:
    if len(text) > MAX_ANCHOR - 2 or len(shown) > MAX_ANCHOR - 2:
        return "cut at 512 code points, which hidden text brings nearer"
    if bare(text) == bare(shown):
        return "blanks: boxes part words where markup does not, or the other way round"
    if bare(text).casefold() == bare(shown).casefold():
        return "capitals by text-transform"
    if _within(bare(shown), bare(text)):
        return "hidden, whole or in part, by display or visibility"
    if _within(bare(text), bare(shown)):
        return "innerText adds a drawing's title, noscript, or the scripts of an anchor that is not displayed"
    return "unexplained"


def _within(part: str, whole: str) -> bool:
    left = iter(whole.casefold())
    return all(letter in left for letter in part.casefold())


def ours(url: str, body: bytes, content_type: str = TYPE) -> Seen:
    """Return what extraction says of a page, each instance of a link counted.

    A refresh to the page itself is left out on both sides: a browser does not tell it from a reload without address.
    """
    found = examine(url, [("Content-Type", content_type)], body)
    seen = Seen(capped=found.page.outcome_reason == "parser:links-capped")
    if found.page.canonical_url:
        seen.others["canonical", found.page.canonical_url] += 1
    for row in found.links.rows():
        href = spelled(row["dst_url"] + ("" if row["dst_fragment"] is None else "#" + row["dst_fragment"]))
        if row["kind"] in ("a", "area"):
            seen.links[row["kind"], href] += row["instances"]
        elif row["kind"] in ("form", "frame", "iframe") or (row["kind"] == "refresh" and href != url):
            seen.others[row["kind"], href] += row["instances"]
        if row["kind"] == "a":
            seen.texts[href, bare(row["anchor"])] += row["instances"]
            seen.shown[href, row["anchor"]] += row["instances"]
    return seen


class Browser:
    """A headless Chromium in which scripts are off and nothing but the page under test is ever loaded."""

    def __init__(self, page: Any) -> None:
        self._page = page
        self._refreshes: list[str] = []
        self._body = b""
        self._url = ""
        self._type = TYPE
        page.route("**/*", self._answer)
        client = page.context.new_cdp_session(page)
        client.send("Page.enable")
        client.on("Page.frameScheduledNavigation", self._note)
        self._client = client

    def _answer(self, route: Any) -> None:
        if route.request.url.partition("#")[0] == self._url and route.request.is_navigation_request() and self._body:
            body, self._body = self._body, b""
            route.fulfill(status=200, content_type=self._type, body=body)
        elif route.request.is_navigation_request():
            route.fulfill(status=204)  # the page stays; an aborted navigation would put an error page in its place
        else:
            route.abort()

    def _note(self, event: dict[str, Any]) -> None:
        if event["reason"] == "metaTagRefresh":
            self._refreshes.append(event["url"])

    def see(self, url: str, body: bytes, content_type: str = TYPE) -> Seen:
        """Return what the browser makes of *body* at *url*.

        Refreshes that stand in noscript are left out: a browser with scripts, for which pages are made, ignores them.
        """
        self._url, self._body, self._type, self._refreshes = url, body or b" ", content_type, []
        self._page.goto(url, wait_until="load")  # refreshes are scheduled at load
        told = self._page.evaluate(READ)
        seen = Seen()
        for kind, href, shown, text in told["links"]:
            if _kept(href):
                seen.links[kind, href] += 1
                if kind == "a":
                    seen.texts[href, bare(clip(tidy(text), MAX_ANCHOR))] += 1
                    seen.shown[href, clip(tidy(shown), MAX_ANCHOR)] += 1
        for kind, href in (*told["frames"], *told["forms"]):
            if _kept(href):
                seen.others[kind, href] += 1
        if told["canonical"]:
            seen.others["canonical", told["canonical"].partition("#")[0]] += 1
        for href in [] if told["silent"] else self._refreshes:
            if _kept(href) and href != url:
                seen.others["refresh", href] += 1
        return seen


@contextmanager
def chromium(path: str) -> Iterator[Browser]:
    """Start the browser at *path*."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=["--blink-settings=imagesEnabled=false"])
        page = browser.new_context(java_script_enabled=False, service_workers="block").new_page()
        page.set_default_timeout(30_000)
        yield Browser(page)
        browser.close()
