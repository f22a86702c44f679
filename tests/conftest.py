"""What every test shares: an environment without our variables, and the way to the material outside the project."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("LINKGRAPH_SHARED", ROOT.parent / "shared"))


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
