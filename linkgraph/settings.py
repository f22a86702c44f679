"""Every Scrapy setting that is ours, each with its reason. `scrapy.cfg` points here; `-s NAME=value` overrides.

The base reads as: own frontier and fetch, nothing that phones home or listens, nothing that hides a link.
"""

import os
from importlib.util import find_spec

from linkgraph import __version__

# In a checkout the spiders lie at the top level; the wheel carries them under linkgraph/, where they shadow nobody's.
_HOME = "linkgraph." if find_spec("linkgraph.spiders") else ""

BOT_NAME = "linkgraph"
SPIDER_MODULES = [f"{_HOME}spiders"]
COMMANDS_MODULE = "linkgraph.cli.scrapy_commands"  # `scrapy crawl` with our exit codes

# --- linkgraph's own ---------------------------------------------------------------------------------------------
LINKGRAPH_DATA = "data"  # where runs, edges, pages and builds lie
LINKGRAPH_RUN = ""  # empty: a readable name made from the seeds, so that the same command resumes
LINKGRAPH_CONTACT = ""  # a URL or address for webmasters; required as soon as a target is not loopback
LINKGRAPH_HOST_DELAY = 2.0  # seconds between requests to one host; robots.txt can only make it longer
LINKGRAPH_ADDRESS_DELAY = 1.0  # seconds between requests to one IP address, never more than the host delay
LINKGRAPH_BACKOFF = 60.0  # seconds a busy host is left alone at first, doubled to an hour; 1 where the host delay is 0
LINKGRAPH_ROBOTS_FORBIDDEN = "allow"  # what 401 and 403 for robots.txt mean: allow, as RFC 9309 says, or deny
LINKGRAPH_ALLOW_ADDRESSES = ""  # CIDRs that the address guard lets through, for intranets and tests
LINKGRAPH_ALLOW_PORTS: list[int] = []  # ports besides 80 and 443; the seeds' own ports are always allowed
LINKGRAPH_RESOLVE = ""  # host:port=address:port pairs, `*` for any, as curl's --connect-to
LINKGRAPH_IDLE_SECONDS = 10.0  # a server that sends nothing for so long is given up; DOWNLOAD_TIMEOUT bounds the whole
LINKGRAPH_LEAST_RATE = 1024  # bytes a second; a body that still comes slower after LINKGRAPH_IDLE_SECONDS is given up
LINKGRAPH_REVISIT_FIRST = 7.0  # days until a page that was seen once is due again; later, what it does decides
LINKGRAPH_REVISIT_LEAST = 1.0  # days between two visits of a page that changes all the time
LINKGRAPH_REVISIT_MOST = 90.0  # days between two visits of a page that never does
LINKGRAPH_VERIFY = "changed"  # what a resumed run hashes: files written to since their commit, or all of them
LINKGRAPH_FOLLOW_NOFOLLOW = False  # crawl through links marked nofollow; they are always recorded
LINKGRAPH_MAX_PAGES_PER_HOST = 5000  # a larger --max-pages-per-domain raises it; 0 for no limit, as for these two:
LINKGRAPH_PATTERN_PAGES = 200  # URLs alike but for numbers and values, before new text must earn more
LINKGRAPH_MAX_HOSTS_PER_DOMAIN = 100  # hosts of one registrable domain that are followed
LINKGRAPH_DENY = ""  # a file of hosts, domains or URL prefixes that are not asked for anything; read again when changed
LINKGRAPH_PAGE_SECONDS = 10.0  # processor seconds for one answer; only large ones come near, in a process of their own
LINKGRAPH_RESOURCES = False  # also record img, script and style links
LINKGRAPH_RENDER = "never"  # auto: a browser where the HTML shows that scripts make the links; always: every page
LINKGRAPH_RENDER_PAGES = 2  # pages in the browser at a time; each takes a core and 100 MB while it loads
LINKGRAPH_RENDER_SECONDS = 20.0  # for one page, all that it asks for included
LINKGRAPH_BROWSER = ""  # a Chromium; empty: Debian's or Chrome on PATH, else Playwright's own
LINKGRAPH_PROGRESS = True  # a live line on the terminal; off where stderr is no terminal
LINKGRAPH_COMMIT_PAGES = 2000  # a segment closes at the first of these three: about 50 MiB of rows in memory,
LINKGRAPH_COMMIT_LINKS = 200_000  # a file large enough to scan well,
LINKGRAPH_COMMIT_SECONDS = 5.0  # and at most this much to fetch again after a crash

# A variable of the same name in the environment comes before the default, and behind -s and --set.
globals().update(
    {name: os.environ[name] for name in tuple(globals()) if name.startswith("LINKGRAPH_") and name in os.environ}
)

# --- ours instead of Scrapy's --------------------------------------------------------------------------------------
SCHEDULER = "linkgraph.frontier.scheduler.FrontierScheduler"  # JOBDIR loses 70 % of its URLs at a SIGKILL
DOWNLOAD_HANDLERS = {
    "http": "linkgraph.fetch.handler.GuardedDownloadHandler",
    "https": "linkgraph.fetch.handler.GuardedDownloadHandler",
    "file": None,  # a link to file:, data:, ftp: or s3: must never be opened
    "data": None,
    "ftp": None,
    "s3": None,
}
DOWNLOADER_MIDDLEWARES = {
    "linkgraph.fetch.consent.ConsentMiddleware": 90,
    "linkgraph.fetch.middleware.PolitenessMiddleware": 100,
    "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,  # the frontier's scope decides
    "scrapy.downloadermiddlewares.httpauth.HttpAuthMiddleware": None,  # no credentials are sent
    "scrapy.downloadermiddlewares.httpcompression.HttpCompressionMiddleware": None,  # the handler unpacks, capped
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,  # it fetches the page when robots.txt is 503
}
SPIDER_MIDDLEWARES = {
    "scrapy.spidermiddlewares.depth.DepthMiddleware": None,  # the ledger knows the depth
    "scrapy.spidermiddlewares.referer.RefererMiddleware": None,
    "scrapy.spidermiddlewares.urllength.UrlLengthMiddleware": None,  # the scope refuses long URLs, with a reason
    "scrapy.spidermiddlewares.httperror.HttpErrorMiddleware": None,  # an error status is an outcome
}
ITEM_PIPELINES = {f"{_HOME}pipelines.edges.EdgesPipeline": 100}
EXTENSIONS = {f"{_HOME}pipelines.progress.Progress": 500}
FEED_EXPORTERS = {"parquet": f"{_HOME}pipelines.parquet.ParquetItemExporter"}

ROBOTSTXT_OBEY = False  # ours is never off
REDIRECT_ENABLED = False  # a redirect is a link: the frontier follows it, through robots and guard again
METAREFRESH_ENABLED = False  # so is a refresh
RETRY_ENABLED = False  # the frontier tries again, later, on its own clock
RETRY_TIMES = 2
COOKIES_ENABLED = False  # a crawler has no session
REFERRER_POLICY = "no-referrer"
HTTPPROXY_ENABLED = False  # *_proxy variables in the environment are not consent

# --- polite and safe -----------------------------------------------------------------------------------------------
USER_AGENT = f"linkgraph/{__version__}"  # the spider adds LINKGRAPH_CONTACT
CONCURRENT_REQUESTS = 64
CONCURRENT_REQUESTS_PER_DOMAIN = 1  # one connection per host; the frontier keeps to it too
DOWNLOAD_DELAY = 0  # the frontier's clock paces, not the downloader's queue
DOWNLOAD_DELAY_JITTER = 0
DOWNLOAD_TIMEOUT = 30
DOWNLOAD_MAXSIZE = 4 * 1024 * 1024  # cut here; links so far are kept. 99.9 % of HTML pages are smaller
DOWNLOAD_WARNSIZE = 0
DOWNLOAD_VERIFY_CERTIFICATES = True  # an invalid certificate is a failed page, not a page
TELNETCONSOLE_ENABLED = False  # nothing listens
REMOTE_CONTROL_ENABLED = False  # Scrapy 2.19 opens a port that runs code
DEFAULT_REQUEST_HEADERS = {  # the handler adds the codings that it can take away
    "Accept": "text/html,application/xhtml+xml;q=0.9,application/xml;q=0.8,*/*;q=0.1",
}

# --- fast ----------------------------------------------------------------------------------------------------------
CONCURRENT_ITEMS = 1  # one item a page; Scrapy starts this many tasks for each response
SCRAPER_SLOT_MAX_ACTIVE_SIZE = 64 * 1024 * 1024  # large pages that wait to be read aside hold up no others
WARN_ON_GENERATOR_RETURN_VALUE = False  # Scrapy parses the callback's source for it, for each response: 0.7 ms
LOG_LEVEL = "INFO"
LOGSTATS_INTERVAL = 0  # the progress line says it
REACTOR_THREADPOOL_MAXSIZE = 20
TWISTED_REACTOR = "twisted.internet.asyncioreactor.AsyncioSelectorReactor"
ASYNCIO_EVENT_LOOP = "uvloop.Loop" if find_spec("uvloop") else None  # extra `fast`: a tenth more pages a second
