"""The hosts of the demo web, in one table: who they are, what they write about and how they behave.

Promises reserved names only (RFC 2606, RFC 6761: `.example` and `.test`), so that no link leads to anybody's site.
"""

from __future__ import annotations

from collections.abc import Iterator

from linkgraph.demo.plan import Site
from linkgraph.demo.words import TOPICS, listed

MONEY_HOST = "best-cheap-watches.example"
"""Where the whole link farm points."""

BOOKSHOP = "bücherstube.example"
"""The one host whose name is not ASCII."""

DEAD_HOSTS = (
    "closed-for-good.example",
    "domain-lapsed.example",
    "nobody-home.test",
    "server-sold.example",
    "unpaid-hosting.test",
)
"""Names that pages link to and that have no server."""

_MAGAZINES = (
    ("bicycles", "thespokereview.example", "The Spoke Review", 40),
    ("bread", "crumbandcrust.example", "Crumb & Crust", 26),
    ("astronomy", "nightskyletter.example", "Night Sky Letter", 34),
    ("gardening", "thewalledgarden.example", "The Walled Garden", 18),
    ("railways", "branchline.example", "Branch Line Quarterly", 14),
    ("chess", "openfile.test", "The Open File", 12),
    ("tea", "secondflush.example", "Second Flush", 10),
    ("birds", "hedgeandshore.example", "Hedge and Shore", 22),
    ("woodwork", "grainandedge.example", "Grain & Edge", 9),
    ("sailing", "leewardpost.example", "The Leeward Post", 8),
    ("photography", "slowshutter.example", "Slow Shutter", 16),
    ("cheese", "rindreport.example", "The Rind Report", 7),
)
_NEWS = (
    ("maps", "harbourgazette.example", "Harbour Gazette", 60, "index"),
    ("radio", "valleycourier.test", "Valley Courier", 30, "gzip"),
    ("pottery", "morningledger.example", "Morning Ledger", 20, "plain"),
)
_BLOGS = (
    ("bicycles", "gearsandgravel.example", "Gears & Gravel"),
    ("bread", "latenightdough.example", "Late-Night Dough"),
    ("astronomy", "backyardcomets.example", "Backyard Comets"),
    ("gardening", "mudonmyboots.example", "Mud on My Boots"),
    ("railways", "platformnine.test", "Platform Nine Notes"),
    ("chess", "zugzwangdiary.example", "A Zugzwang Diary"),
    ("tea", "kettlesong.example", "Kettle Song"),
    ("birds", "wrenwatch.example", "Wren Watch"),
    ("woodwork", "shavingsonthefloor.example", "Shavings on the Floor"),
    ("sailing", "smallboatlog.example", "Small Boat Log"),
    ("photography", "thirtysixframes.example", "Thirty-Six Frames"),
    ("cheese", "curdnerd.example", "Curd Nerd"),
    ("maps", "contourlines.example", "Contour Lines"),
    ("radio", "quietband.example", "The Quiet Band"),
    ("pottery", "cone-ten.example", "Cone Ten"),
    ("bees", "swarmseason.example", "Swarm Season"),
    ("bees", "onehive.test", "One Hive"),
)
_SHOPS = (
    ("bicycles", "pedalworks.example", "Pedalworks"),
    ("bread", "millerandsieve.example", "Miller & Sieve"),
    ("tea", "leafandcaddy.example", "Leaf and Caddy"),
    ("woodwork", "edgetoolstore.example", "Edge Tool Store"),
    ("photography", "rollfilmdepot.example", "Roll Film Depot"),
    ("gardening", "seedpost.example", "Seed Post"),
)
_FORUMS = (
    ("bicycles", "wheeltalk.example", "Wheel Talk"),
    ("chess", "analysisboard.test", "The Analysis Board"),
    ("radio", "shortwaveforum.example", "Short-Wave Forum"),
)
_NETWORK = (
    ("gardening", "greenerlawntips.example", "Greener Lawn Tips"),
    ("cheese", "tastyboardideas.example", "Tasty Board Ideas"),
    ("pottery", "homecraftcorner.example", "Home Craft Corner"),
    ("sailing", "weekendboating.example", "Weekend Boating"),
    ("bees", "honeyhealthdaily.example", "Honey Health Daily"),
    ("maps", "traveltipsatlas.example", "Travel Tips Atlas"),
)
_TONGUES = (
    ("bread", BOOKSHOP.encode("idna").decode(), "Bücherstube am Markt", "de", "iso-8859-1", "meta"),
    ("cheese", "lecarnetdufromager.example", "Le carnet du fromager", "fr", "iso-8859-1", "header"),
    ("sailing", "cuadernodelpuerto.example", "Cuaderno del puerto", "es", "utf-8", "meta"),
    ("astronomy", "zvezdny-dnevnik.example", "Звёздный дневник", "ru", "windows-1251", "header"),
    ("tea", "ocha-nikki.example", "お茶日記", "ja", "utf-16", "bom"),
)
_USERS = listed("ada bram celia dov edda femi greta hugo ines jonas kirsi lorcan mina noor otto")
_FARM_WORDS = listed(
    "watch-deals watches-online top-watches watch-outlet luxury-for-less time-bargains wrist-sale "
    "replica-guide watch-coupons gold-strap watch-shop-24 discount-dial chrono-offers steel-watch-sale "
    "cheap-chrono watch-reviews-pro dial-discounts watch-gifts daily-watch-deal best-dials"
)


def roster() -> Iterator[Site]:
    """Yield every site of the demo web; those that copy or move another come after it."""
    yield from _press()
    yield from _people()
    yield from _trade()
    yield from _spam()
    yield from _old_web()
    yield from _services()


def _press() -> Iterator[Site]:
    for number, (topic, host, name, renown) in enumerate(_MAGAZINES):
        robots = ("sitemap", "delay", "private", "missing")[number % 4]
        yield Site(
            host=host,
            genre="magazine",
            name=name,
            topic=topic,
            renown=renown,
            size=48,
            robots=robots,
            disallow=("/private/",) if robots != "missing" else (),
            sitemap="plain" if robots != "missing" else "none",
            generator="BakeryCMS 4.2" if number % 2 else "",
        )
    for topic, host, name, renown, sitemap in _NEWS:
        yield Site(
            host=host,
            genre="magazine",
            name=name,
            topic=topic,
            renown=renown,
            size=84,
            disallow=("/private/",),
            sitemap=sitemap,
            generator="Ledger Press 11",
        )
    for host, name, topic in (
        ("thecommonencyclopaedia.example", "The Common Encyclopaedia", "maps"),
        ("craftpedia.test", "Craftpedia", "pottery"),
    ):
        yield Site(host=host, genre="reference", name=name, topic=topic, renown=50, size=100, generator="WikiFold 1.35")


def _people() -> Iterator[Site]:
    for number, (topic, host, name) in enumerate(_BLOGS):
        yield Site(
            host=host,
            genre="blog",
            name=name,
            topic=topic,
            renown=2 + number % 5,
            size=20,
            robots=("missing", "open", "sitemap")[number % 3],
            sitemap="plain" if number % 3 == 2 else "none",
            generator="Inkling 2.9",
        )
    for topic, host, name, language, charset, charset_in in _TONGUES:
        yield Site(
            host=host,
            genre="blog",
            name=name,
            topic=topic,
            language=language,
            charset=charset,
            charset_in=charset_in,
            renown=4,
            size=24,
        )
    topics = list(TOPICS)
    yield Site(host="hearthpages.example", genre="platform", name="Hearth Pages", topic="maps", renown=12)
    for number, user in enumerate(_USERS):
        yield Site(
            host=f"{user}.hearthpages.example",
            genre="user",
            name=f"{user.capitalize()}'s page",
            topic=topics[number % len(topics)],
            size=8,
            robots="missing",
            sitemap="none",
            generator="Hearth 3",
            of="hearthpages.example",
        )
    for topic, host, name in _FORUMS:
        yield Site(host=host, genre="forum", name=name, topic=topic, renown=6, size=84, robots="open", sitemap="none")


def _trade() -> Iterator[Site]:
    for topic, host, name in _SHOPS:
        yield Site(
            host=host,
            genre="shop",
            name=name,
            topic=topic,
            renown=5,
            size=36,
            disallow=("/*?sort=", "/basket"),
            generator="Till & Shelf",
        )
    for host, name, size in (
        ("handpicked-links.example", "Handpicked Links", 2),
        ("addurl-free.test", "Add URL Free", 4),
    ):
        yield Site(host=host, genre="directory", name=name, topic="maps", renown=8, size=size)
    for topic, host, name in _NETWORK:
        yield Site(
            host=host,
            genre="network",
            name=name,
            topic=topic,
            size=12,
            owner="G-DEMO73021",
            generator="Inkling 2.9",
            robots="open",
            sitemap="none",
        )


def _spam() -> Iterator[Site]:
    yield Site(host=MONEY_HOST, genre="money", name="Best Cheap Watches", topic="woodwork", size=10, owner="UA-90210-1")
    for number, word in enumerate(_FARM_WORDS):
        host = f"{word}.{'test' if number % 4 == 3 else 'example'}"
        name = word.replace("-", " ").title()
        topic = list(TOPICS)[number % len(TOPICS)]
        yield Site(
            host=host,
            genre="farm",
            name=name,
            topic=topic,
            size=7,
            owner="UA-90210-1" if number % 4 == 0 else "",
            robots="missing",
            sitemap="none",
        )
    for host, name in (("hedge-and-shore-copy.example", "faithful"), ("freebirdarticles.example", "scraper")):
        yield Site(
            host=host,
            genre="mirror",
            name=name,
            topic="birds",
            robots="open",
            sitemap="none",
            of="hedgeandshore.example",
        )


def _old_web() -> Iterator[Site]:
    for topic, host, name in (
        ("railways", "steamhomepage.example", "Steam Home Page"),
        ("radio", "crystalsetcorner.example", "Crystal Set Corner"),
        ("pottery", "potteryring.test", "The Pottery Ring"),
    ):
        yield Site(
            host=host,
            genre="old",
            name=name,
            topic=topic,
            charset="iso-8859-1",
            charset_in="meta",
            renown=3,
            size=16,
            robots="missing",
            sitemap="none",
            generator="HomePage Wizard 3.0",
        )


def _services() -> Iterator[Site]:
    yield Site(host="hop.test", genre="shortener", name="Hop", topic="maps", robots="open", sitemap="none")
    yield Site(host="plainthemes.example", genre="vendor", name="Plain Themes", topic="photography", size=14)
    yield Site(host="smallplayer.test", genre="player", name="Small Player", topic="radio", size=24, robots="open")
    yield Site(
        host="parked-names.example", genre="parked", name="Parked", topic="maps", robots="missing", sitemap="none"
    )
    yield Site(
        host="no-robots-today.example", genre="unready", name="Unready", topic="maps", robots="failing", sitemap="none"
    )
    for host, of in (
        ("oldwheel.example", "thespokereview.example"),
        ("www.thespokereview.example", "thespokereview.example"),
        ("www.nightskyletter.example", "nightskyletter.example"),
        ("www.harbourgazette.example", "harbourgazette.example"),
    ):
        yield Site(host=host, genre="moved", name="Moved", topic="maps", robots="open", sitemap="none", of=of)
