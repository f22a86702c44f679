"""Which builds stay when a new one is made, and that one of an older linkgraph is still read."""

from __future__ import annotations

import json

import pytest

import linkgraph
from linkgraph.errors import StateError, UsageError
from linkgraph.index.layout import Reader, current_build
from linkgraph.insights.votes import why


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


def as_format_1(folder) -> None:
    """Write a build of one policy down as linkgraph did before a build held several."""
    record = json.loads((folder / "build.json").read_text())
    (ranking,) = record.pop("rankings")
    policy, version = ranking.pop("policy"), ranking.pop("version")
    (folder / "build.json").write_text(
        json.dumps(record | ranking | {"policy": policy, "policy_version": version, "format": 1})
    )
    for path in (folder / "graph" / policy).iterdir():
        path.rename(folder / "graph" / path.name)


def test_a_build_of_the_format_before_is_still_read(make):
    make(policy="followed")
    new = linkgraph.open(make.root)
    expected = [new.authority().to_pylist(), set(new.graph("host").to_networkx().edges), why(new, "b.test").to_pylist()]

    as_format_1(current_build(make.root))
    old = linkgraph.open(make.root)

    assert old.build.policies == ["followed"]
    assert [
        old.authority().to_pylist(),
        set(old.graph("host").to_networkx().edges),
        why(old, "b.test").to_pylist(),
    ] == expected
    with pytest.raises(StateError, match="--policy editorial"):
        old.authority(policy="editorial")
