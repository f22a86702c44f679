"""Which builds stay when a new one is made."""

from __future__ import annotations

import pytest

import linkgraph
from linkgraph.errors import UsageError
from linkgraph.index.layout import Reader, current_build


@pytest.fixture
def make(observed):
    """Make one build after the other."""
    observed.page("http://a.test/", "http://b.test/")
    root = observed.commit()

    def build(**options) -> str:
        return linkgraph.build(root, **options).name

    build.root = root
    return build


def kept(root) -> list[str]:
    return sorted(path.name for path in (root / "builds").iterdir() if path.is_dir())


def test_the_new_build_and_the_one_before_are_kept(make):
    names = [make() for _ in range(4)]

    assert kept(make.root) == sorted(names[-2:])
    assert current_build(make.root).name == names[-1]


def test_as_many_builds_are_kept_as_was_asked_for(make):
    names = [make(keep=9) for _ in range(3)]
    assert kept(make.root) == sorted(names)

    last = make(keep=1)
    assert kept(make.root) == [last]


def test_a_build_that_is_being_read_stays_until_it_no_longer_is(make):
    first = make()
    data = linkgraph.open(make.root)
    assert data.build.name == first

    later = [make(keep=1) for _ in range(2)]
    assert kept(make.root) == sorted([first, later[-1]])
    assert data.backlinks("b.test").num_rows == 1

    del data
    last = make(keep=1)
    assert kept(make.root) == [last]


def test_a_reader_that_comes_too_late_is_told(make):
    make()
    old = current_build(make.root)
    make(keep=1)

    with pytest.raises(FileNotFoundError):
        Reader(old)


def test_no_build_at_all_cannot_be_asked_for(make):
    with pytest.raises(UsageError, match="1 or more"):
        make(keep=0)
