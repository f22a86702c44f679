"""The name of a data file beside this module → what it holds.

Promises the rules, patterns and lists as they can be read by anyone: TOML, no code. Refuses nothing: the files are part
of the package.
"""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Any


def read_table(name: str) -> dict[str, Any]:
    """Return the contents of a TOML file of the package."""
    return tomllib.loads(files(__package__).joinpath(name).read_text(encoding="utf-8"))
