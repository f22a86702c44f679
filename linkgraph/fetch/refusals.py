"""Why a request does not leave now, in the form that Scrapy keeps quiet about: refused, or to be taken later."""

from __future__ import annotations

from scrapy.exceptions import IgnoreRequest

from linkgraph.errors import RefusedError


class RefusedRequest(RefusedError, IgnoreRequest):  # noqa: N818 - Scrapy's name for it ends so
    """A refusal in the form that Scrapy keeps quiet about."""


class PostponedRequest(IgnoreRequest):
    """The URL went back to the frontier: its host, or the address of it, is to be asked later."""
