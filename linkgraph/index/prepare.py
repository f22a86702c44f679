"""Nothing → the compiled loops of extraction and of a build, kept on disk for every process to come.

Promises that a first crawl and a first build wait for no compiler. Leaves nothing else behind.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from linkgraph import classify
from linkgraph import extract as extraction
from linkgraph.edges.run import Run
from linkgraph.edges.session import PlainSession
from linkgraph.index.build import build

_HOSTS = ("a.test", "b.test", "c.test")


def prepare() -> None:
    """Compile, or load, the loops of extraction and classification, and the others by building a web of three pages.

    Raises:
        StorageError: no temporary folder can be written.
    """
    extraction.prepare()
    classify.prepare()
    with TemporaryDirectory(prefix="linkgraph-prepare-") as folder:
        session = PlainSession(Run(Path(folder), "prepare"))
        session.start()
        for host in _HOSTS:
            body = "".join(f'<nav class=menu><p>one <a href="//{other}/{host}">two</a> three</nav>' for other in _HOSTS)
            page, links = extraction.extract(f"http://{host}/", [("Content-Type", "text/html")], body.encode())
            session.record(replace(page, fetched_at=datetime.now(UTC), status=200), links)
        session.close()
        build(Path(folder))


if __name__ == "__main__":
    prepare()
