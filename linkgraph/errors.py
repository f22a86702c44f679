"""The one exception tree. Whoever catches `LinkgraphError` has caught everything linkgraph raises on purpose.

* LinkgraphError
  + UsageError            an option, argument or file the user gave cannot be used
    - SeedsError          no usable seed
  + UnknownDomainError    a domain that the data set has never seen
  + StateError            what lies on disk is not what the commit left there
    - CorruptFileError    a file differs from its digest, or is no Parquet of ours
    - RunLockedError      another process works on the same run
    - StorageError        the disk is full, read-only, or failed
  + GraphError            an array or graph that no ranking is defined for
  + FetchError            a request that is refused or failed before an answer came
    - RefusedError        robots, address guard or scope said no; carries the reason
    - AnswerError         what came is no answer, or more than the limits; carries the reason

Every message names the file, URL or option, the limit, and what to do.
"""

from __future__ import annotations

from collections.abc import Sequence


class LinkgraphError(Exception):
    """Root of the tree; its text is fit to be shown to a user as it is."""

    exit_code = 1
    """What the command line exits with when this error ends it."""


class UsageError(LinkgraphError):
    """An option, argument or input file cannot be used."""

    exit_code = 2


class SeedsError(UsageError):
    """No seed could be used."""


class UnknownDomainError(LinkgraphError):
    """A domain was asked for that the data set has never seen."""

    def __init__(self, domain: str, near: Sequence[str] = ()) -> None:
        hint = f"; near names: {', '.join(near)}" if near else ""
        super().__init__(f"{domain!r} is in no page or link of this data set{hint}")
        self.domain = domain
        self.near = tuple(near)


class StateError(LinkgraphError):
    """What lies on disk is not what the last commit left there."""

    exit_code = 3


class CorruptFileError(StateError):
    """A file differs from its recorded digest, or cannot be read as what it claims to be."""


class RunLockedError(StateError):
    """Another process works on the same run."""


class StorageError(StateError):
    """The disk is full, read-only, or failed while writing."""


class GraphError(LinkgraphError):
    """Arrays or a graph for which the asked-for result is not defined."""


class FetchError(LinkgraphError):
    """A request that never became an answer."""


class RefusedError(FetchError):
    """Robots, the address guard or the scope refused a request."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        """A reason of the closed list in `linkgraph.model.REASONS`."""


class AnswerError(FetchError):
    """What a server sent is no answer of HTTP, or goes beyond a limit."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        """A reason of the closed list in `linkgraph.model.REASONS`."""
