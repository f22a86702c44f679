"""What every test shares: an environment without our variables, small data sets written
down link by link, and the way to the material outside the project.
"""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import settings

from linkgraph.edges.run import Run
from linkgraph.edges.segment import Segment, commit
from linkgraph.model import LINK_COLUMNS, Links, Page
from linkgraph.urls import split

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("LINKGRAPH_SHARED", ROOT.parent / "shared"))

# An example that comes first pays for compiling, and a busy machine for everything: time is no claim of these tests.
settings.register_profile("linkgraph", deadline=None)
settings.load_profile("linkgraph")


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch):
    """A variable that the developer has set must not decide a test: `LINKGRAPH_SHARED` alone stays."""
    for name in [name for name in os.environ if name.startswith(("LINKGRAPH_", "SCRAPY_"))]:
        if name != "LINKGRAPH_SHARED":
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def root() -> Path:
    """The root of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of material that is not part of the project."""
    if not SHARED.is_dir():
        pytest.skip(f"{SHARED} is absent; LINKGRAPH_SHARED names the folder of shared test material")
    return SHARED


class Observed:
    """Pages and links that a test writes down, as the two tables and as a committed run."""

    start = datetime(2025, 11, 1, tzinfo=UTC)

    def __init__(self, root: Path) -> None:
        self.root = root
        self.segment = Segment()

    def page(self, url: str, *links: tuple[str, dict] | str, hours: int = 0, **columns) -> None:
        """Add one page and its links: each a target URL, or (target URL, other columns)."""
        found = Links()
        for ordinal, link in enumerate(links):
            target, extra = (link, {}) if isinstance(link, str) else link
            self._add(found, url, ordinal, target, extra)
        here = split(url)
        moment = self.start + timedelta(hours=hours)
        page = Page(url=url, host=here.host, domain=here.domain, fetched_at=moment, status=200)
        self.segment.add(replace(page, **columns), found)

    @staticmethod
    def _add(found: Links, url: str, ordinal: int, target: str, extra: dict) -> None:
        to = split(target)
        values = {"dst_url": to.url, "dst_host": to.host, "dst_domain": to.domain, "dst_fragment": to.fragment}
        values |= {"kind": "a", "rel": (), "internal": split(url).domain == to.domain, "ordinal": ordinal}
        values |= {"zone": "content", "origin": "html", "instances": 1, "link_density": 0.5, **extra}
        for name in LINK_COLUMNS:
            blank = False if name in {"nofollow", "ugc", "sponsored", "anchor_truncated"} else ""
            blank = None if name in {"alt", "title", "heading"} else blank
            getattr(found, name).append(values.get(name, blank))

    @property
    def edges(self):
        return self.segment.edges_table()

    @property
    def pages(self):
        return self.segment.pages_table()

    def commit(self, run: str = "run") -> Path:
        """Commit what was written so far as one run's only segment, and forget it; return the data folder."""
        place = Run(self.root, run)
        place.create()
        commit(place, 1, self.segment, "")
        self.segment = Segment()
        return self.root


@pytest.fixture
def observed(tmp_path) -> Observed:
    return Observed(tmp_path / "data")
