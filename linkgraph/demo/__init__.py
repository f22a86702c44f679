"""A small web of our own, the same on every machine: what `linkgraph demo` crawls and what the crash tests crawl.

`DemoWeb.build(seed)` plans it, `DemoWeb.respond(host, path)` answers, `serve(seed)` puts it on a loopback port, and
`DemoWeb.truth` knows every link that was planted. Nothing in it is anybody's: names, texts and people are made up.

Its laws, each held by a test:

* One seed gives one web, byte for byte, on every run and machine; another seed gives other pages on the same hosts.
* At least 60 registrable domains, all under `.example` and `.test` (RFC 2606, RFC 6761), and at least 3,000 HTML
  pages of 3 to 20 KB. Everything is plain http on port 80.
* Sites have a subject of their own: seventeen vocabularies that share no noun. Seven citations in ten stay with the
  subject; popular sites are cited more, and their first pages more than their last.
* Magazines carry articles with editorial links in running text, a biography with a link to the author's own site,
  sections that go on with `next` and `prev`, author pages with profile links (`rel=me`), comments, and a feed.
* Every ninth article is paid for (`rel=sponsored`, and an affiliate link with a tracking parameter); every tenth is a
  guest's, whose last line links to a shop without saying so.
* Readers' links in comments, forum posts and signatures are `ugc nofollow`, a third of them a spammer's; old guest
  books know no rel. Some readers try markup and spreadsheet formulas as anchors.
* Blogs list their friends in a sidebar and credit their theme in the footer, on every page.
* Two directories list sites with a description: one what is liked, one whoever asks, link farm included.
* Two encyclopaedias link their entries to each other; the external links of one of them are nofollow.
* Shops sell by pictures that are links, name the canonical page of each coloured variant in the head, and disallow
  their order by price in robots.txt. Search, basket, comment and registration are forms.
* Print versions name their canonical page in a Link header.
* Redirects are 301, 302, 303, 307 and 308, absolute and relative; a chain of five hops crosses four hosts; three
  addresses redirect in a circle; a domain has moved, `www` names lead to bare ones, a shortener shortens.
* Old home pages have frame sets, image maps, meta refreshes, a base element and unquoted attributes; a parked domain
  refreshes at once to another site. Articles embed films in iframes.
* Twenty domains of a link farm link to one money site from every page, with commercial anchors, and to each other in
  a ring; a quarter of them carry the money site's analytics id.
* Two mirrors copy a magazine: one names the original as canonical in a Link header, one does not.
* A hosting platform has fifteen users, each on a subdomain of it; every page of theirs links back to it.
* Six domains of one owner share an analytics id and link to each other in every footer.
* Dead targets: pages that answer 404 or 410, and hosts without a server, whose connections close without an answer.
* Pages say `nofollow`, `noindex` or `none` in a meta element or in X-Robots-Tag; some pages are reached only through
  nofollow links or nofollow pages.
* robots.txt allows all, disallows a folder or a pattern, says `Crawl-delay: 0`, shuts out one other crawler, names a
  sitemap, is missing (404), or fails (503: nothing may be fetched there).
* Sitemaps are plain, gzipped, or an index of both kinds; four pages of each magazine that has one stand nowhere else.
* Charsets are utf-8, iso-8859-1, windows-1251 and utf-16, said in the header, in a meta element or by the byte order
  mark; languages are English, German, French, Spanish, Russian and Japanese; one host name and many paths are no ASCII.
* Hrefs are spelt absolute, root-relative, relative, with `./` and `../`, without scheme, with upper-case scheme and
  host, with `:80`, with white space around; the truth holds what they mean.
* Every link on every page is in the truth and nothing else is.
"""

from __future__ import annotations

from linkgraph.demo.plan import PLANTINGS, Answer, DemoPage, PlantedLink, Site
from linkgraph.demo.roster import DEAD_HOSTS
from linkgraph.demo.server import ServedWeb, serve
from linkgraph.demo.web import DEFAULT_SEED, SEEDS, DemoWeb, PageTruth, Truth

__all__ = [
    "DEAD_HOSTS",
    "DEFAULT_SEED",
    "PLANTINGS",
    "SEEDS",
    "Answer",
    "DemoPage",
    "DemoWeb",
    "PageTruth",
    "PlantedLink",
    "ServedWeb",
    "Site",
    "Truth",
    "serve",
]
