"""What a user names as seeds, junk included."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from linkgraph.errors import SeedsError
from linkgraph.frontier.seeds import parse_seed, read_seeds
from linkgraph.urls import resolve


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("example.org", "http://example.org/"),
        ("EXAMPLE.org/Path?q=1", "http://example.org/Path?q=1"),
        ("https://example.org", "https://example.org/"),
        ("HTTPS://example.org", "https://example.org/"),
        ("example.org:8080", "http://example.org:8080/"),
        ("http://example.org/#top", "http://example.org/"),
        ("bücher.example", "http://xn--bcher-kva.example/"),
        ("localhost", "http://localhost/"),
        ("localhost:8080/x", "http://localhost:8080/x"),
        ("127.0.0.1", "http://127.0.0.1/"),
        ("http://[::1]:8080/", "http://[::1]:8080/"),
        ("example.org.", "http://example.org./"),
        ("my_host.example.org", "http://my_host.example.org/"),
    ],
)
def test_a_domain_or_a_url_is_a_seed(text, url):
    assert parse_seed(text).url == url


@pytest.mark.parametrize(
    "text",
    [
        "just some words",
        "word",
        "ftp://example.org/",
        "mailto:me@example.org",
        "me@example.org",
        "javascript:alert(1)",
        "http://",
        "http:///",
        "://example.org",
        "1234",
        "1,234",
        "0x7f.1",
        "-example.org",
        "exa mple.org",
        "<a href='http://example.org'>",
        "http://user:secret@example.org/",
        "example..org",
        "file:///etc/passwd",
        "C:\\seeds.txt",
        "\x00",
    ],
)
def test_junk_is_no_seed(text):
    assert parse_seed(text) is None


@given(st.text(max_size=60))
@example("http://[::1%25eth0]/")
@example("٣.example")
def test_any_text_is_a_canonical_url_or_nothing(text):
    found = parse_seed(text)

    assert found is None or resolve(found.url).url == found.url


def test_junk_lines_are_named_with_their_numbers_and_the_good_ones_kept(tmp_path):
    path = tmp_path / "seeds.txt"
    path.write_bytes(
        "\ufeffexample.org\r\n# a comment\r\n\r\nnot a seed\r\n  b.example  \r\nexample.org\r\n\x85junk\n".encode()
    )

    seeds = read_seeds(str(path))

    assert [url.url for url in seeds.urls] == ["http://example.org/", "http://b.example/"]
    assert [problem.partition(" is ")[0] for problem in seeds.problems] == [
        f"{path}:4: 'not a seed'",
        f"{path}:7: 'junk'",
    ]


def test_a_list_is_separated_by_commas():
    assert [url.host for url in read_seeds("a.example, b.example,,a.example").urls] == ["a.example", "b.example"]


def test_seeds_from_python_are_a_list():
    seeds = read_seeds(["a.example", "nonsense", "b.example"])

    assert [url.host for url in seeds.urls] == ["a.example", "b.example"]
    assert seeds.problems == ("seeds:2: 'nonsense' is no domain and no http(s) URL",)


@pytest.mark.parametrize("nothing", [None, "", [], ()])
def test_no_seeds_is_an_error_that_says_how_to_give_them(nothing):
    with pytest.raises(SeedsError, match="-a seeds="):
        read_seeds(nothing)


def test_only_junk_is_an_error_that_names_each_line(tmp_path):
    path = tmp_path / "seeds.txt"
    path.write_text("nonsense\nmore nonsense\n")

    with pytest.raises(SeedsError, match=r"seeds.txt:1: .*\n.*seeds.txt:2: .*\n.*no usable seed"):
        read_seeds(path)


def test_an_empty_file_is_an_error(tmp_path):
    path = tmp_path / "seeds.txt"
    path.write_text("\n# nothing\n")

    with pytest.raises(SeedsError, match="no usable seed"):
        read_seeds(str(path))


def test_a_slip_in_a_files_name_is_not_taken_for_a_domain():
    with pytest.raises(SeedsError, match="no file"):
        read_seeds("seeds_of_mine.txt")


def test_a_folder_or_a_binary_file_is_told_apart_from_seeds(tmp_path):
    with pytest.raises(SeedsError, match="cannot be read"):
        read_seeds(tmp_path)
    binary = tmp_path / "seeds.bin"
    binary.write_bytes(bytes(range(256)) * 50)
    with pytest.raises(SeedsError, match="no usable seed"):
        read_seeds(binary)


def test_a_long_list_is_not_looked_up_as_a_file():
    assert len(read_seeds(",".join(f"host{number}.example" for number in range(2000))).urls) == 2000
