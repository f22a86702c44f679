"""The machine → a Chromium on it, and the switches under which it may run a stranger's scripts.

Promises a browser that Debian, the user or Playwright installed, or an error that says how to get one, before the
first request. Refuses to let Chromium open a connection of its own: see `SWITCHES`.
"""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec
from pathlib import Path

from linkgraph.errors import UsageError

MODES = ("never", "auto", "always")
"""The values of LINKGRAPH_RENDER."""

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
"""Commands that are looked for on PATH, the lightest first."""

_NOWHERE = "linkgraph.invalid"  # RFC 6761 6.4: a name that never has an address

SWITCHES = (
    # Whatever is not answered by the route handler asks a proxy whose name has no address: no socket is opened.
    f"--proxy-server=http://{_NOWHERE}:9",
    "--proxy-bypass-list=<-loopback>",  # Chromium would not use a proxy for this machine
    "--host-resolver-rules=MAP * ~NOTFOUND",  # no look-up either, whoever asks
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",  # WebRTC's UDP asks no proxy
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--disable-sync",
    "--no-pings",
    "--dns-prefetch-disable",
    "--blink-settings=imagesEnabled=false",
    "--mute-audio",
    "--disable-gpu",
    "--disable-features=WebRtcHideLocalIpsWithMdns,WebUSB,WebBluetooth,Prerender2,MediaRouter",
)
"""Chromium's command line. Order of walls: the route handler answers, the proxy is nowhere, no name has an address."""


def find_browser(named: str = "") -> Path | None:
    """Return the browser that *named* says, else one on PATH, else Playwright's own; None where there is none."""
    if named:
        found = shutil.which(named)
        return Path(found) if found else None
    for name in NAMES:
        if found := shutil.which(name):
            return Path(found)
    return _playwrights()


def _playwrights() -> Path | None:
    folder = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache" / "ms-playwright")
    for pattern in ("chromium_headless_shell-*/*/*headless*shell*", "chromium-*/*/chrome"):
        found = [path for path in folder.glob(pattern) if path.is_file() and os.access(path, os.X_OK)]
        if found:
            return max(found)
    return None


def require_browser(mode: str, named: str = "") -> Path:
    """Return the browser that rendering under *mode* will use.

    Raises:
        UsageError: the extra is not installed, or there is no browser; says how to get what is missing.
    """
    if find_spec("scrapy_playwright") is None:
        raise UsageError(f"render={mode} needs the extra js: pip install 'linkgraph[js]', or crawl with render=never")
    path = find_browser(named)
    if path is None:
        where = f"LINKGRAPH_BROWSER={named} is no program" if named else f"none of {', '.join(NAMES)} is on PATH"
        raise UsageError(
            f"render={mode} needs a browser, and {where}: apt-get install chromium-headless-shell, or playwright "
            "install chromium-headless-shell, or name one with LINKGRAPH_BROWSER, or crawl with render=never"
        )
    return path


def launch_options(path: Path) -> dict[str, object]:
    """Return Playwright's launch options. Chromium's own sandbox is on, except for root, for whom it cannot be."""
    return {"executable_path": str(path), "args": list(SWITCHES), "chromium_sandbox": os.geteuid() != 0}
