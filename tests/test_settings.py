"""The settings that a crawl stands on, and the call from Python that uses them."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest
from scrapy.settings import Settings
from web import Web, links, page

import linkgraph
from linkgraph import settings as module
from linkgraph.errors import UsageError

OURS = [name for name in vars(module) if name.startswith("LINKGRAPH_")]


def load(monkeypatch, **variables: str) -> Settings:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    settings.setdict(runpy.run_path(str(Path(module.__file__))), priority="project")
    return settings


def test_every_setting_of_ours_can_come_from_the_environment(monkeypatch):
    settings = load(monkeypatch, **{name: f"of {name}" for name in OURS})

    assert {name: settings[name] for name in OURS} == {name: f"of {name}" for name in OURS}


def test_variables_that_are_no_setting_of_ours_change_nothing(monkeypatch):
    settings = load(monkeypatch, LINKGRAPH_SHARED="x", USER_AGENT="x", COOKIES_ENABLED="1")

    assert "LINKGRAPH_SHARED" not in settings
    assert settings["USER_AGENT"].startswith("linkgraph/")
    assert settings["COOKIES_ENABLED"] is False


@pytest.mark.parametrize("name", OURS)
def test_every_setting_of_ours_stands_with_its_reason(name):
    lines = Path(module.__file__).read_text("utf-8").splitlines()

    assert any(line.startswith(name) and "  # " in line for line in lines)


def test_only_the_web_can_be_opened():
    handlers = module.DOWNLOAD_HANDLERS

    assert {scheme for scheme, handler in handlers.items() if handler} == {"http", "https"}
    assert {scheme for scheme, handler in handlers.items() if handler is None} == {"file", "data", "ftp", "s3"}


@pytest.mark.parametrize(
    "name",
    [
        "REDIRECT_ENABLED",
        "METAREFRESH_ENABLED",
        "RETRY_ENABLED",
        "COOKIES_ENABLED",
        "HTTPPROXY_ENABLED",
        "TELNETCONSOLE_ENABLED",
        "REMOTE_CONTROL_ENABLED",
    ],
)
def test_what_would_go_behind_the_frontiers_back_or_listen_is_off(name):
    assert getattr(module, name) is False


def test_a_crawl_from_python_tells_what_came_of_it(tmp_path):
    with Web({("127.0.0.1", "/"): page(links("/1", "/gone")), ("127.0.0.1", "/1"): page("x")}) as web:
        summary = linkgraph.crawl(
            [f"127.0.0.1:{web.port}"],
            data=tmp_path / "data",
            run="python",
            depth=1,
            settings={
                "LINKGRAPH_HOST_DELAY": 0,
                "LINKGRAPH_ALLOW_ADDRESSES": "127.0.0.0/8",
                "LINKGRAPH_PROGRESS": False,
                "LOG_LEVEL": "ERROR",
            },
        )

    assert (summary.run, summary.pages, summary.links, summary.finished) == ("python", 3, 2, True)
    assert summary.outcomes == {"fetched": 2, "failed": 1}
    assert summary.seconds > 0


def test_a_crawl_from_python_raises_what_the_command_line_says(tmp_path):
    with pytest.raises(UsageError, match="exit code 2"):
        linkgraph.crawl(["8.8.8.8"], data=tmp_path / "data")
