"""Content codings, step by step: what is packed comes out, what is not is told, nothing grows past its cap."""

from __future__ import annotations

import gzip
import subprocess
import sys
import zlib
from importlib import import_module

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkgraph.errors import AnswerError
from linkgraph.fetch.coding import ACCEPTED, STEP, Unpacker

brotli = pytest.importorskip("brotli", "1.2", reason="Scrapy brings brotli but for PyPy")
zstd = import_module("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")
PACK = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": lambda body: brotli.compress(bytes(body), quality=5),
    "zstd": zstd.compress,
    "identity": bytes,
    "": bytes,
}
CODINGS = ["gzip", "deflate", "br", "zstd"]


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


@given(
    st.binary(max_size=300),
    st.sampled_from([*CODINGS, "gzip, deflate", "zstd, br", "br, zstd", "identity"]),
    st.integers(0, 200),
)
def test_any_bytes_come_to_an_end_within_the_cap(sent, codings, cap):
    made, unpacker = unpack(codings, [sent[:100], sent[100:]], cap)

    assert len(made) <= cap
    assert unpacker.made == len(made)


@given(st.binary(max_size=300), st.binary(max_size=30))
def test_what_follows_a_whole_member_costs_nothing_of_it(body, tail):
    made, _ = unpack("gzip", [gzip.compress(body) + tail])

    assert made[: len(body)] == body


@pytest.mark.row("C5")
@pytest.mark.parametrize("codings", ["compress", "gzip, dcb", "gzip, gzip, gzip", "gzip," * 9 + "gzip"])
def test_codings_that_were_not_asked_for_and_more_than_two_are_refused(codings):
    with pytest.raises(AnswerError) as refused:
        Unpacker(codings, 1000)

    assert refused.value.reason == "http:coding"


@pytest.mark.row("C5")
@pytest.mark.parametrize("inner", CODINGS)
@pytest.mark.parametrize("outer", ["", *CODINGS])
def test_no_step_of_a_bomb_makes_more_than_a_step(inner, outer):
    bomb = PACK[outer](PACK[inner](bytes(50 * STEP)))
    unpacker = Unpacker(f"{inner}, {outer}", 10 * STEP)
    sizes = [len(unpacker.step(bomb))]
    while unpacker.waiting and not unpacker.full:
        sizes.append(len(unpacker.step(b"")))

    assert max(sizes) <= STEP
    assert sum(sizes) == 10 * STEP
    assert unpacker.full


MEASURED = """
import resource, sys
from linkgraph.fetch.coding import Unpacker
coding, cap = sys.argv[1], 4 << 20
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
def unpack(sent):
    unpacker, at = Unpacker(coding, cap), 0
    while not unpacker.full and (at < len(sent) or unpacker.waiting):
        piece = b"" if unpacker.waiting else sent[at : (at := at + 65536)]
        unpacker.step(piece)
    return unpacker.made
bomb = sys.stdin.buffer.read()
unpack(bomb[:1000])
before = peak()
made = unpack(bomb)
print(made, (peak() - before) * 1024)
"""


@pytest.mark.row("C5")
@pytest.mark.parametrize("coding", CODINGS)
def test_a_bomb_of_a_hundred_megabytes_costs_less_memory_than_three_times_the_cap(coding):
    bomb = PACK[coding](bytes(100 << 20))
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, coding], input=bomb, capture_output=True, timeout=60, check=True
    )
    made, grown = map(int, done.stdout.split())

    assert made == 4 << 20
    assert grown < 3 * made


@pytest.mark.row("C5")
def test_a_window_of_more_than_eight_megabytes_is_refused():
    """RFC 9659: a decoder need not have more memory than that."""
    option = zstd.CompressionParameter.window_log
    packers = [zstd.ZstdCompressor(options={option: log}) for log in (25, 23)]
    wide, narrow = (packer.compress(bytes(1 << 26)) + packer.flush() for packer in packers)

    assert unpack("zstd", [wide])[1].broken
    assert unpack("zstd", [narrow])[0] == bytes(1 << 20)


def test_frames_follow_each_other_and_padding_costs_nothing():
    body, made = b"x" * 5000, zstd.compress(b"x" * 5000)

    assert unpack("zstd", [made + b"\x50\x2a\x4d\x18\x03\x00\x00\x00abc" + made])[0] == 2 * body
    found, unpacker = unpack("zstd", [made + b"\0" * 100])
    assert (found, unpacker.complete) == (body, True)


def test_what_may_be_sent_is_what_can_be_unpacked():
    assert ACCEPTED.split(", ") == CODINGS
    for coding in ACCEPTED.split(", "):
        assert unpack(coding, [PACK[coding](b"body")])[0] == b"body"


def test_without_its_library_a_coding_is_neither_asked_for_nor_taken():
    script = (
        "import sys; sys.modules.update({'brotli': None, 'backports.zstd': None, 'compression.zstd': None})\n"
        "from linkgraph.fetch.coding import ACCEPTED, Unpacker\n"
        "print(ACCEPTED)\n"
        "from linkgraph.errors import AnswerError\n"
        "try: Unpacker('br', 1)\n"
        "except AnswerError as error: print(error.reason)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)

    assert done.stdout.split("\n")[:2] == ["gzip, deflate", "http:coding"]


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
