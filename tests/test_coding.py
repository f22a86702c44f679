"""Content codings, step by step: what is packed comes out, what is not is told, nothing grows past its cap."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkgraph.errors import AnswerError
from linkgraph.fetch.coding import STEP, Unpacker

PACK = {"gzip": gzip.compress, "x-gzip": gzip.compress, "deflate": zlib.compress, "identity": bytes, "": bytes}


def unpack(codings: str, sent: list[bytes], cap: int = 1 << 20) -> tuple[bytes, Unpacker]:
    unpacker = Unpacker(codings, cap)
    made = b""
    for piece in sent:
        made += unpacker.step(piece)
        while unpacker.waiting and not unpacker.full:
            made += unpacker.step(b"")
    return made, unpacker


@given(st.binary(max_size=5000), st.lists(st.sampled_from(list(PACK)), max_size=2), st.integers(1, 700))
def test_what_was_packed_comes_out_however_it_is_sent(body, codings, piece):
    packed = body
    for coding in codings:
        packed = PACK[coding](packed)
    made, unpacker = unpack(", ".join(codings), [packed[at : at + piece] for at in range(0, len(packed), piece)])

    assert made == body
    assert unpacker.complete


@given(st.binary(max_size=300), st.sampled_from(["gzip", "deflate", "gzip, deflate", "identity"]), st.integers(0, 200))
def test_any_bytes_come_to_an_end_within_the_cap(sent, codings, cap):
    made, unpacker = unpack(codings, [sent[:100], sent[100:]], cap)

    assert len(made) <= cap
    assert unpacker.made == len(made)


@given(st.binary(max_size=300), st.binary(max_size=30))
def test_what_follows_a_whole_member_costs_nothing_of_it(body, tail):
    made, _ = unpack("gzip", [gzip.compress(body) + tail])

    assert made[: len(body)] == body


@pytest.mark.row("C5")
@pytest.mark.parametrize("codings", ["br", "zstd", "compress", "gzip, br", "gzip, gzip, gzip", "gzip," * 9 + "gzip"])
def test_codings_that_were_not_asked_for_and_more_than_two_are_refused(codings):
    with pytest.raises(AnswerError) as refused:
        Unpacker(codings, 1000)

    assert refused.value.reason == "http:coding"


@pytest.mark.row("C5")
def test_no_step_of_a_bomb_makes_more_than_a_step():
    bomb = gzip.compress(gzip.compress(bytes(50 * STEP)))
    unpacker = Unpacker("gzip, gzip", 10 * STEP)
    sizes = [len(unpacker.step(bomb))]
    while unpacker.waiting and not unpacker.full:
        sizes.append(len(unpacker.step(b"")))

    assert max(sizes) <= STEP
    assert sum(sizes) == 10 * STEP
    assert unpacker.full


@pytest.mark.parametrize("keep", [0, 1, 5, 20])
def test_a_body_that_ends_too_early_is_not_complete(keep):
    _, unpacker = unpack("gzip", [gzip.compress(b"x" * 100)[:keep]])

    assert unpacker.complete is (keep == 0)


@pytest.mark.parametrize("coding", list(PACK))
@given(body=st.binary(min_size=1, max_size=200), less=st.integers(0, 3))
def test_a_body_is_complete_unless_the_cap_cut_it(coding, body, less):
    made, unpacker = unpack(coding, [PACK[coding](body)], max(1, len(body) - less))

    assert made == body[: max(1, len(body) - less)]
    assert coding or unpacker.complete is (len(made) == len(body))
