"""Made-up pages, robots.txt files, URLs and headers → inputs tried, crashes, and the slowest input of each parser.

Inputs are put together from the pieces that the formats are made of, and from noise; what crashes is made small. A
crash is an exception, a broken promise of the parser, or an input that takes longer than `TOO_SLOW`.
Exits 1 if there is any.

    python benchmarks/fuzz.py [--quick] [--minutes 10] [--seed 0]
"""

from __future__ import annotations

import argparse
import random
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))


from linkgraph.extract import extract, prepare
from linkgraph.extract.answer import observe
from linkgraph.extract.sitemap import sitemap_locations
from linkgraph.fetch.robots import explain, read_rules
from linkgraph.frontier.retry import read_retry_after
from linkgraph.model import LINK_COLUMNS
from linkgraph.urls import resolve, split

TOO_SLOW = 1.0
"""Seconds of CPU for one input of at most some kilobytes."""

BASE = "http://fuzz.example/a/b?c#d"
NOISE = ("\x00", "\ud800", "\ufffd", "\u202e", "\u0130", "\u00df", "\u3002", "\x85", "\u00a0", "a" * 3000)
ENCODINGS = ("utf-8", "utf-8", "utf-8", "utf-16", "utf-16-be", "latin-1", "shift_jis")

_STAND_INS = str.maketrans({"_": " ", "⏎": "\n", "␍": "\r", "⇥": "\t"})

Pieces = tuple[str, ...]
Maker = Callable[[random.Random], Pieces]


def joined(pieces: str, most: int = 40) -> Maker:
    """Return a maker of texts out of *pieces*, which blanks divide, and of noise."""
    words = [piece.translate(_STAND_INS) for piece in pieces.split()]

    def make(chance: random.Random) -> Pieces:
        return tuple(_piece(chance, words) for _ in range(int(most * chance.random() ** 2)))

    return make


def _piece(chance: random.Random, words: list[str]) -> str:
    kind = chance.random()
    if kind < 0.85:
        return chance.choice(words)
    if kind < 0.93:
        return chance.choice(NOISE)
    return "".join(chr(chance.randrange(chance.choice((128, 0x3000, 0x110000)))) for _ in range(chance.randrange(6)))


URLS = joined(
    "http:// https:// HTTP: // / \\ : @ ? # % %2e %00 %zz .. . ; = & [ ] ::1 0x7f.1 127.0.0.1 "
    "[::ffff:1.2.3.4] a.example xn--a xn--80ak6aa92e.com www. co.uk user:pw@ :80 :99999 javascript: "
    "data:, mailto: file:/// _ + 017700000001 ‥ 。 é"
)
HTML = joined(
    "<a <a_href=x> </a> <a_href='//b.example/?q=1'rel=nofollow> <a_rel='ugc_sponsored'_href=\" \"> <area "
    "<base_href= <base> <img_alt=x_src=y> <svg> <math> </svg> <table> <tr> <td> <select> <option> "
    "<template> </template> <frameset> <frame_src= <iframe_srcdoc='<a_href=x>'> <meta_charset=utf-16> "
    "<meta_http-equiv=refresh_content='0;url=x'> <meta_name=robots_content=nofollow,unavailable_after:> "
    "<link_rel=canonical_href=/x> <link_rel='next_prev'_href=> <title> <h1> </h1> <p> <div_class=nav> "
    "<nav> <footer> <main> <form_action=x> <button_formaction=y> <script> </script> <style> <noscript> "
    "<plaintext> <textarea> <!-- --> <![CDATA[ ]]> <!doctype_html> <?xml <a><a><b><p> </p></b> &amp; &#0; "
    "&#x110000; &notit; &lt > ' \" = href= /"
)
ROBOTS = joined(
    "User-agent: user-agent_: User-agent:* linkgraph Disallow: Allow: /* $ /a/*/b$ %2F %zz Sitemap: "
    "http://a/s.xml Crawl-delay: 1e999 nan -1 Request-rate: 1/10s 1/0 # ⏎ ␍ ␍⏎ \ufeff : /é ************ "
    "Noindex: <html>"
)
LINK = joined(
    "<x> < > ; , rel= rel=canonical rel=\"next_prev\" \" ' \\ = anchor= hreflang*=UTF-8'' title*= <a,b> <;> ⇥"
)
DIRECTIVES = joined(
    "noindex nofollow none all linkgraph: otherbot: , : ; unavailable_after: 25_Jun_2030_15:00:00_PST "
    "2030-13-45 max-snippet:-1"
)
REFRESH = joined("0 5 . ; , url= URL= URL_=_ ' \" x http://a.example/ 99999999999999999999")
RETRY = joined("0 120 -1 1e9 Fri,_31_Dec_1999_23:59:59_GMT ² 99999999999999999999999 Sat,_30_Feb_2030 +0000 ,", most=6)
TYPES = joined(
    "text/html text/plain application/xhtml+xml ; charset= utf-8 utf-16le \" ' shift_jis x-user-defined "
    "hz-gb-2312 utf-7",
    most=6,
)
SITEMAPS = joined(
    "<urlset> <url> <loc> </loc> </url> </urlset> <sitemapindex> <sitemap> http://a.example/ &amp; "
    "<![CDATA[ ]]> <?xml_encoding='x'?>"
)
STATUSES = (200, 200, 204, 206, 301, 302, 304, 307, 404, 410, 429, 500, 503, 999)


def text(pieces: Pieces) -> str:
    return "".join(pieces)


def body(pieces: Pieces) -> bytes:
    """Return the pieces as bytes: in one of several encodings, sometimes cut, sometimes with a byte flipped."""
    chance = random.Random("".join(pieces).encode("utf-8", "surrogatepass"))
    data = bytearray("".join(pieces).encode(chance.choice(ENCODINGS), "replace"))
    if data and chance.random() < 0.2:
        del data[chance.randrange(len(data)) :]
    if data and chance.random() < 0.3:
        data[chance.randrange(len(data))] = chance.randrange(256)
    return bytes(data)


def whole(url: str, columns: Any) -> None:
    """Check that links are of one length and that their targets are canonical."""
    assert len({len(getattr(columns, name)) for name in LINK_COLUMNS}) == 1
    for target in columns.dst_url:
        assert resolve(target).url == target, (url, target)


def page(html: Pieces, kind: Pieces) -> None:
    found, links = extract("http://fuzz.example/a/b", {"Content-Type": text(kind)}, body(html))
    whole(found.url, links)
    found.title is None or found.title.encode()


def robots(file: Pieces, path: Pieces) -> None:
    rules = read_rules(200, body(file), "linkgraph", 0.0)
    target = resolve(text(path), "http://fuzz.example/")
    if target is not None:
        refused = rules.refuses(target.url)
        assert refused in (None, "robots:disallowed"), refused
        explain(200, body(file), "linkgraph", target.url)


def url(href: Pieces, base: Pieces) -> None:
    under = resolve(text(base), BASE)
    found = resolve(text(href), BASE if under is None else under.url)
    if found is not None:
        again = resolve(found.url)
        assert again is not None
        assert again.url == found.url
        assert split(found.url)[:3] == found[:3]
        assert found.host


def headers(*values: Pieces) -> None:
    link, directives, refresh, kind, location, retry = map(text, values)
    chance = random.Random(f"{link}{location}{retry}".encode("utf-8", "surrogatepass"))
    received = [("Link", link), ("X-Robots-Tag", directives), ("Refresh", refresh), ("Content-Type", kind)]
    received += [("Location", location), ("ETag", retry), ("Last-Modified", retry)]
    status = chance.choice(STATUSES)
    found, links = observe("http://fuzz.example/", status, received, b"<a href=x>y</a>", conditional=True)
    whole(found.url, links)
    seconds = read_retry_after(retry.encode("utf-8", "replace"))
    assert seconds is None or seconds >= 0


def sitemap(file: Pieces) -> None:
    for location in sitemap_locations(body(file)):
        assert isinstance(location, str)


TARGETS: dict[str, tuple[Callable[..., None], tuple[Maker, ...]]] = {
    "extract": (page, (HTML, TYPES)),
    "robots": (robots, (ROBOTS, URLS)),
    "url": (url, (URLS, URLS)),
    "headers": (headers, (LINK, DIRECTIVES, REFRESH, TYPES, URLS, RETRY)),
    "sitemap": (sitemap, (SITEMAPS,)),
}

Input = tuple[Pieces, ...]


@dataclass
class Tally:
    """What came of one parser."""

    tried: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    slowest_input: Input = ()
    crashes: dict[str, Input] = field(default_factory=dict)


def crash(parse: Callable[..., None], given: Input) -> tuple[str, float]:
    """Return what *given* crashes with, the empty string for nothing, and the seconds of CPU that it takes."""
    began, problem = time.process_time(), ""
    try:
        parse(*given)
    except Exception as error:  # noqa: BLE001 - whatever a parser raises is what is looked for
        last = traceback.extract_tb(error.__traceback__)[-1]
        problem = f"{type(error).__name__} at {Path(last.filename).name}:{last.lineno}"
    taken = time.process_time() - began
    return problem or ("too slow" if taken > TOO_SLOW else ""), taken


def smaller(parse: Callable[..., None], given: Input, problem: str) -> Input:
    """Return *given* without the pieces that the crash does not need."""
    for at in range(len(given)):
        number = 0
        while number < len(given[at]):
            less = (*given[:at], given[at][:number] + given[at][number + 1 :], *given[at + 1 :])
            if crash(parse, less)[0] == problem:
                given = less
            else:
                number += 1
    return given


def attempt(name: str, tally: Tally, chance: random.Random) -> None:
    parse, makers = TARGETS[name]
    given = tuple(make(chance) for make in makers)
    problem, taken = crash(parse, given)
    tally.tried, tally.seconds = tally.tried + 1, tally.seconds + taken
    if taken > tally.slowest:
        tally.slowest, tally.slowest_input = taken, given
    if problem and problem not in tally.crashes:
        tally.crashes[problem] = smaller(parse, given, problem)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="ten seconds")
    options = parser.parse_args()
    prepare()
    end = time.monotonic() + (10 if options.quick else 60 * options.minutes)
    tallies = {name: Tally() for name in TARGETS}
    chance = random.Random(options.seed)
    for parse, makers in TARGETS.values():
        crash(parse, tuple(make(chance) for make in makers))  # tables are made at the first call
    while time.monotonic() < end:
        for name, tally in tallies.items():
            attempt(name, tally, chance)
    print(f"{'parser':10} {'inputs':>10} {'a second':>9} {'crashes':>8} {'slowest, ms':>12}  slowest input")
    for name, tally in tallies.items():
        shown = repr(tuple(map(text, tally.slowest_input)))[:60]
        rate = tally.tried / max(tally.seconds, 1e-9)
        print(f"{name:10} {tally.tried:10,} {rate:9,.0f} {len(tally.crashes):8} {tally.slowest * 1000:12.1f}  {shown}")
    for name, tally in tallies.items():
        for problem, given in tally.crashes.items():
            print(f"\n{name}: {problem}\n  {given!r}")
    print(f"\n{sum(tally.tried for tally in tallies.values()):,} inputs, seed {options.seed}")
    return 1 if any(tally.crashes for tally in tallies.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
