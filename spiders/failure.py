"""What a request ended in, if not in an answer → the outcome and the reason of its page.

Promises a reason of the closed list for whatever was raised. Refuses nothing.
"""

from __future__ import annotations

from scrapy.exceptions import CannotResolveHostError, DownloadConnectionRefusedError, DownloadTimeoutError

from linkgraph.errors import AnswerError, RefusedError
from linkgraph.fetch.tls import tls_reason

_REASONS: tuple[tuple[type[BaseException], str], ...] = (
    (DownloadTimeoutError, "transport:timeout"),
    (CannotResolveHostError, "dns:failed"),
    (DownloadConnectionRefusedError, "transport:refused"),
)


_REFUSALS = {
    "robots": "refused-by-robots",
    "guard": "refused-by-guard",
    "host": "excluded",
    "consent": "excluded",
}
"""Outcome by the family of the reason; a name without an address is a failure, whoever met it first."""


def outcome_of(error: BaseException | None) -> tuple[str, str]:
    """Return the outcome and the reason of a page whose request ended in *error*."""
    if isinstance(error, RefusedError):
        return _REFUSALS.get(error.reason.partition(":")[0], "failed"), error.reason
    if isinstance(error, AnswerError):
        return "failed", error.reason
    told = (word for kind, word in _REASONS if isinstance(error, kind))
    return "failed", tls_reason(error) or next(told, "transport:failed")
