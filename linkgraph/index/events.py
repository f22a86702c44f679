"""What happened to the links of each bucket → the events table of a build, by target domain and in the order of time.

Promises an event for each thing that two checks of a page told differently, of links from other domains only; and that
a link of which only the target changed is told as that, to the old target and to the new one. Rows are spilled: memory
holds one bucket.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from linkgraph.edges.schema import EDGES
from linkgraph.graph.collapse.scan import among, decoded
from linkgraph.index.checks import Checks
from linkgraph.index.columns import coded, codes, ranks, working_schema
from linkgraph.index.layout import bucket_of
from linkgraph.index.pairing import Form, changed, differences, only_pairs, spot
from linkgraph.index.spill import Spill
from linkgraph.index.states import Known, Pairs
from linkgraph.index.timeline import CODES, FOUND, LATER, LOST, NO_REDIRECT, REMOVED, RESTORED, WHY
from linkgraph.model import RESOURCE_KINDS

_TIME = pa.timestamp("ms", tz="UTC")
_WORD = pa.dictionary(pa.int32(), pa.string())
_OF_THE_LINK = (
    "src_url", "src_host", "src_domain", "dst_url", "dst_host", "dst_domain", "dst_fragment", "kind", "anchor", "alt",
    "rel", "nofollow", "zone",
)  # fmt: skip

EVENT_ROWS: pa.Schema = pa.schema(
    [
        pa.field("at", _TIME),
        pa.field("since", _TIME, nullable=True),
        pa.field("run", _WORD),
        pa.field("event", _WORD),
        pa.field("reason", pa.string(), nullable=True),
        *(EDGES.field(name) for name in _OF_THE_LINK),
        pa.field("before", pa.string(), nullable=True),
        pa.field("after", pa.string(), nullable=True),
    ],
    metadata={b"linkgraph.schema": b"1", b"linkgraph.table": b"events"},
)
"""The events table: one row a thing that happened to a link from another domain, noticed at `at`, and not yet so at
`since`."""

_ROWS = working_schema(EVENT_ROWS, pa.field("spot", pa.binary()))
_REASONED = ("found", "lost", "unreachable", "blocked", "not-rechecked")
_SPOT = ("kind", "anchor", "dom_path", "text_before", "text_after")


def pairs_of(rows: pa.Table, known: Known, within: NDArray[np.bool_]) -> Pairs:
    """Return which losses and gains of one bucket belong together.

    Args:
        rows: edges in working form.
        known: what happened to their links.
        within: which links stay within their domain: they do not move.
    """
    events = known.events
    if not (events.code == LOST).any():
        return Pairs()
    target = codes(rows["dst_url"]) * 16 + codes(rows["kind"])
    target = target[known.first][events.link]
    done = _changed(rows, known, target)
    left = np.ones(len(events.code), bool)
    left[[at for pair in done for at in pair]] = False
    return Pairs(tuple(done), tuple(_moved(rows, known, target, left & ~within[events.link])))


def _changed(rows: pa.Table, known: Known, target: NDArray[np.int64]) -> list[tuple[int, int]]:
    events = known.events
    key = events.check * (int(target.max(initial=0)) + 1) + target
    lost = np.flatnonzero((events.code == LOST) & np.isin(events.why, (REMOVED, NO_REDIRECT)))
    gained = np.flatnonzero(np.isin(events.code, (FOUND, RESTORED)))
    lost, gained = lost[np.isin(key[lost], key[gained])], gained[np.isin(key[gained], key[lost])]
    pairs = changed(_forms(rows, known, lost, key), _forms(rows, known, gained, key))
    when = known.moments
    return sorted(((old.row, new.row) for old, new in pairs), key=lambda pair: (when[pair[1]], pair))


def _forms(rows: pa.Table, known: Known, events: NDArray[np.int64], key: NDArray[np.int64]) -> Iterator[Form]:
    at = known.first[known.events.link[events]]
    columns = rows.select(["anchor", "alt", "rel", "zone", "ordinal", "dst_fragment"]).take(pa.array(at)).to_pydict()
    for number, event in enumerate(events.tolist()):
        shown = columns["anchor"][number] or columns["alt"][number] or ""
        rel = " ".join(columns["rel"][number] or ())
        yield Form(event, int(key[event]), shown, rel, columns["zone"][number], columns["ordinal"][number])


def _moved(rows: pa.Table, known: Known, target: NDArray[np.int64], left: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return losses and gains of one site, in one run, of a link that no other page of the site holds then."""
    events = known.events
    kinship = np.stack([codes(rows[name])[known.first] for name in ("src_domain", "anchor")])
    of_link = np.zeros(len(known.first), np.int64)
    of_link[events.link] = target
    whole = np.unique(np.vstack([kinship, of_link]), axis=1, return_inverse=True)[1].ravel()
    kin = whole[events.link]
    run = known.checks.run[events.check].astype(np.int64)
    key = kin * (int(run.max(initial=0)) + 2) + run
    lost = np.flatnonzero(left & (events.code == LOST))
    gained = np.flatnonzero(left & (events.code == FOUND))
    lost, gained = lost[np.isin(key[lost], key[gained])], gained[np.isin(key[gained], key[lost])]
    if not len(lost):
        return []
    moment = rows["observed_at"].cast(pa.int64()).to_numpy()
    begin, end, page = moment[known.first], moment[known.last], codes(rows["src_url"])[known.first]
    family: dict[int, list[int]] = {}
    for link in np.flatnonzero(np.isin(whole, kin[lost])).tolist():
        family.setdefault(int(whole[link]), []).append(link)

    def alone(loss: int, gain: int) -> bool:
        """Tell whether no third page held the link when it moved, and the two are two pages."""
        one, other, now = int(events.link[loss]), int(events.link[gain]), known.moments[gain]
        others = [link for link in family[int(kin[gain])] if link not in (one, other)]
        return page[one] != page[other] and not any(begin[link] <= now <= end[link] for link in others)

    return only_pairs(
        [(at, int(key[at])) for at in lost.tolist()], [(at, int(key[at])) for at in gained.tolist()], alone
    )


@dataclass(frozen=True, slots=True)
class _Told:
    """Events as they will be written: a place in the events each, a word, and what changed."""

    at: list[int]
    word: list[str]
    before: list[str | None]
    after: list[str | None]


def _told(rows: pa.Table, known: Known, pairs: Pairs, shown: NDArray[np.bool_]) -> _Told:
    events, n = known.events, len(known.events.code)
    plain = shown[events.link].copy()
    for done in (pairs.changed, pairs.moved):
        plain &= ~pairs.losses(done, n) & ~pairs.gains(done, n)
    at = np.flatnonzero(plain)
    told = _Told(at.tolist(), [CODES[code] for code in events.code[at].tolist()], [None] * len(at), [None] * len(at))
    for loss, gain in pairs.changed:
        if shown[events.link[gain]]:
            old, new = (next(_forms(rows, known, np.array([one]), events.check)) for one in (loss, gain))
            _add(told, gain, differences(old, new) or _other_fragment(rows, known, loss, gain))
    for loss, gain in pairs.moved:
        urls = [rows["src_url"][known.first[events.link[one]]].as_py() for one in (loss, gain)]
        _add(told, gain, [("moved", *urls)])
    return told


def _other_fragment(rows: pa.Table, known: Known, loss: int, gain: int) -> list[tuple[str, str, str]]:
    at = [known.first[known.events.link[one]] for one in (loss, gain)]
    before, after = (f"{rows['dst_url'][one].as_py()}#{rows['dst_fragment'][one].as_py() or ''}" for one in at)
    return [("target-changed", before, after)] if before != after else []


def _add(told: _Told, at: int, changes: list[tuple[str, str, str]]) -> None:
    for word, before, after in changes:
        told.at.append(at)
        told.word.append(word)
        told.before.append(before)
        told.after.append(after)


class EventLog:
    """The events of a build in the making.

    Args:
        folder: for what does not fit into memory; the caller removes it.
        buckets: of the build.
        checks: names runs and reasons.
    """

    def __init__(self, folder: Path, buckets: int, checks: Checks) -> None:
        self._buckets, self._checks = buckets, checks
        self._open = Spill(folder, "open", _ROWS, buckets)
        self._closed = Spill(folder, "events", _ROWS, buckets)

    def take(self, rows: pa.Table, known: Known, pairs: Pairs, within: NDArray[np.bool_]) -> None:
        """Take in what happened to the links of one bucket."""
        kind = rows["kind"].combine_chunks().take(pa.array(known.first))
        told = _told(rows, known, pairs, ~within & ~among(kind, RESOURCE_KINDS))
        table = self._table(rows, known, told)
        is_open = np.zeros(len(told.at), bool)
        at = np.array(told.at, np.int64)
        code, why = known.events.code[at], known.events.why[at]
        single = np.array([word in ("found", "lost", "restored") for word in told.word], bool)
        is_open = single & (
            ((code == LOST) & np.isin(why, (REMOVED, NO_REDIRECT)))
            | ((code == FOUND) & (why == LATER))
            | (code == RESTORED)
        )
        opened = table.filter(pa.array(is_open))
        place = self._place(rows, known, at[is_open])
        opened = opened.set_column(opened.num_columns - 1, "spot", pa.array(place, pa.binary()))
        self._open.add(opened, _buckets_of(opened["src_domain"], self._buckets))
        closed = table.filter(pa.array(~is_open))
        self._closed.add(closed, _buckets_of(closed["dst_domain"], self._buckets))

    def _table(self, rows: pa.Table, known: Known, told: _Told) -> pa.Table:
        events, checks = known.events, self._checks
        at = np.array(told.at, np.int64)
        check, since = events.check[at], events.since[at]
        row = np.where(events.code[at] == LOST, known.last[events.link[at]], known.first[events.link[at]])
        moment = known.checks.moment
        before = moment[np.maximum(since, 0)] if len(moment) else since
        columns = {
            "at": pa.array(moment[check]).cast(_TIME),
            "since": pa.array(before, mask=since < 0).cast(_TIME),
            "run": _words(checks.runs, known.checks.run[check]),
            "event": pa.array(told.word, pa.large_string()).dictionary_encode(),
            "reason": self._reasons(events.why[at], events.code[at], known.checks.reason[check], told.word),
            **{name: rows[name].combine_chunks().take(pa.array(row)) for name in _OF_THE_LINK},
            "before": pa.array(told.before, pa.large_string()),
            "after": pa.array(told.after, pa.large_string()),
            "spot": pa.nulls(len(at), pa.binary()),
        }
        return pa.table([_plain(columns[name], _ROWS.field(name).type) for name in _ROWS.names], schema=_ROWS)

    def _reasons(
        self, why: NDArray[np.int8], code: NDArray[np.int8], outcome: NDArray[np.int32], words: list[str]
    ) -> pa.Array:
        named = [*self._checks.reasons, *WHY, *(f"lost:{word}" for word in WHY)]
        n = len(self._checks.reasons)
        place = np.where(why >= 0, n + why + np.where(code == LOST, len(WHY), 0), outcome)
        plain = np.array([word in _REASONED for word in words], bool)
        place = np.where(plain, place, -1)
        return pa.array(named, pa.large_string()).take(pa.array(place, mask=place < 0))

    def _place(self, rows: pa.Table, known: Known, at: NDArray[np.int64]) -> list[bytes]:
        link = known.events.link[at]
        row = np.where(known.events.code[at] == LOST, known.last[link], known.first[link])
        table = rows.select([*_SPOT, "ordinal"]).take(pa.array(row)).to_pydict()
        values = zip(*(table[name] for name in _SPOT), strict=True)
        return [spot(one, ordinal) for one, ordinal in zip(values, table["ordinal"], strict=True)]

    def buckets(self) -> Iterator[pa.Table]:
        """Yield the rows of each bucket by target domain, time and source, in working form."""
        for number in range(self._buckets):
            settled = _settled(self._open.bucket(number))
            self._closed.add(settled, _buckets_of(settled["dst_domain"], self._buckets))
        self._open.remove()
        for number in range(self._buckets):
            rows = coded(self._closed.bucket(number).drop_columns(["spot"]))
            at = rows["at"].cast(pa.int64()).to_numpy()
            event, *link = (ranks(rows[name]) for name in ("event", "anchor", "dst_url", "src_url"))
            order = np.lexsort((link[0], event, *link[1:], at, ranks(rows["dst_domain"])))
            yield rows.take(pa.array(order))
        self._closed.remove()


def _settled(rows: pa.Table) -> pa.Table:
    """Put losses and gains of one place of one page together where only the target differs."""
    lost = among(rows["event"].combine_chunks(), ("lost",))
    key = [*zip(rows["src_url"].to_pylist(), rows["at"].to_pylist(), rows["spot"].to_pylist(), strict=True)]
    pairs = only_pairs(
        [(at, key[at]) for at in np.flatnonzero(lost).tolist()],
        [(at, key[at]) for at in np.flatnonzero(~lost).tolist()],
    )
    if not pairs:
        return rows
    values = {name: rows[name].to_pylist() for name in ("event", "reason", "before", "after")}
    for loss, gain in pairs:
        old, new = rows["dst_url"][loss].as_py(), rows["dst_url"][gain].as_py()
        for at in (loss, gain):
            told = ("target-changed", None, old, new)
            for name, value in zip(values, told, strict=True):
                values[name][at] = value
    for name, column in values.items():
        kind = rows.field(name)
        rows = rows.set_column(rows.schema.get_field_index(name), kind, pa.array(column, kind.type))
    return rows


def _plain(column: pa.Array, kind: pa.DataType) -> pa.Array:
    return decoded(column).cast(kind) if kind != column.type else column


def _words(words: list[str], number: NDArray[np.int32]) -> pa.Array:
    place = np.where(number < 0, len(words), number).astype(np.int32)
    return pa.DictionaryArray.from_arrays(pa.array(place), pa.array([*words, ""], pa.large_string()))


def _buckets_of(domains: pa.ChunkedArray, buckets: int) -> NDArray[np.int32]:
    encoded = domains.combine_chunks().dictionary_encode()
    place = np.array([bucket_of(name, buckets) for name in encoded.dictionary.to_pylist()], np.int32)
    return place[encoded.indices.to_numpy()] if len(place) else np.empty(0, np.int32)
