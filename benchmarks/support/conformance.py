"""The public suites of ../shared/conformance → cases, each with what is expected and what we answer.

Promises that every suite is read whole: what is not a case for us is left out by a rule that is written down here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from turbohtml import Namespace

from linkgraph.extract import examine
from linkgraph.extract.markup import parse
from linkgraph.urls import registrable_domain, resolve

PAGE = "http://page.test/dir/page"


@dataclass(frozen=True, slots=True)
class Case:
    """One case of a suite."""

    name: str
    expected: Any
    found: Any

    @property
    def passed(self) -> bool:
        return self.expected == self.found


def storable(text: str | None) -> bool:
    """A lone surrogate never leaves an HTML parser, so no href holds one."""
    return text is None or text.isascii() or text.encode("utf-8", "replace").decode() == text


def url_cases(folder: Path) -> Iterator[Case]:
    """Web-platform tests of the URL parser: the href, or nothing where it fails or is not http(s)."""
    for one in json.loads((folder / "url-wpt" / "urltestdata.json").read_text(encoding="utf-8")):
        if not isinstance(one, dict) or not (storable(one["input"]) and storable(one["base"])):
            continue
        href = one.get("href", "")
        wanted = None if one.get("failure") or not href.startswith(("http://", "https://")) else href
        url = resolve(one["input"], one["base"])
        found = None if url is None else url.url + ("" if url.fragment is None else "#" + url.fragment)
        yield Case(f"{one['input']!r} on {one['base']!r}", wanted, found)


def host_cases(folder: Path) -> Iterator[Case]:
    """Web-platform tests of domain to ASCII, as it applies to the host of an http URL, which is never empty."""
    for name in ("toascii.json", "IdnaTestV2.json", "IdnaTestV2-removed.json"):
        for one in json.loads((folder / "url-wpt" / name).read_text(encoding="utf-8")):
            if isinstance(one, dict) and one["input"] and storable(one["input"]):
                url = resolve(f"http://{one['input']}/x")
                yield Case(f"{name} {one['input']!r}", one["output"], None if url is None else url.host)


def suffix_cases(folder: Path) -> Iterator[Case]:
    """The Public Suffix List's own tests; a suffix and a single label are their own domain with us."""
    text = (folder / "publicsuffix" / "tests" / "test_psl.txt").read_text(encoding="utf-8")
    for name, wanted in re.findall(r"^checkPublicSuffix\('([^']*)', (?:'([^']*)'|null)\);", text, re.MULTILINE):
        url = resolve(f"http://{name}/")
        if name.startswith(".") or url is None:
            continue
        domain = resolve(f"http://{wanted}/").host if wanted else url.host
        yield Case(name, domain, registrable_domain(url.host))


def label_cases(folder: Path) -> Iterator[Case]:
    """The labels of the Encoding Standard, in a header and in a meta element."""
    labels = json.loads(next((folder / "encoding-labels").glob("whatwg*/lib/labels-to-names.json")).read_text())
    for label, name in labels.items():
        found = parse(b"<p>x</p>", f'text/html; charset="{label}"').charset
        yield Case(f"header {label}", name.lower(), found)
        declared = parse(b'<meta charset="' + label.encode() + b'"><p>x</p>', "text/html").charset
        # HTML Standard 13.2.3.2: a meta element cannot declare these, for it could not have been read.
        meant = {"utf-16be": "utf-8", "utf-16le": "utf-8", "x-user-defined": "windows-1252"}
        yield Case(f"meta {label}", meant.get(name.lower(), name.lower()), declared)


def sniffing_cases(folder: Path) -> Iterator[Case]:
    """html5lib's encoding tests: the encoding of a document without a header."""
    labels = json.loads(next((folder / "encoding-labels").glob("whatwg*/lib/labels-to-names.json")).read_text())
    for path in sorted((folder / "html5lib-tests" / "encoding").glob("*.dat")):
        for number, one in enumerate(path.read_bytes().split(b"#data\n")[1:], 1):
            data, _, rest = one.partition(b"#encoding\n")
            name = rest.splitlines()[0].decode().strip().lower()
            body = data.removesuffix(b"\n")
            yield Case(f"{path.name} {number}", labels.get(name, name).lower(), parse(body, "text/html").charset)


def charset_cases(folder: Path) -> Iterator[Case]:
    """Real pages and feeds in legacy encodings: a mark of byte order outranks the header, which outranks all else."""
    labels = json.loads(next((folder / "encoding-labels").glob("whatwg*/lib/labels-to-names.json")).read_text())
    for path in sorted((folder / "charset-detection").rglob("*")):
        if path.suffix not in (".html", ".xml", ".txt") or path.name == "README.txt":
            continue
        label = re.sub(r"-(?:[a-z]{5,})$", "", path.parent.name)
        body = path.read_bytes()
        known = labels.get(label.lower(), "").lower()
        wanted = next((name for mark, name in _MARKS if body.startswith(mark)), known)
        for header in (label, f'"{label.upper()}"') if wanted else ():
            found = parse(body, f"text/html; charset={header}").charset
            yield Case(f"{path.parent.name}/{path.name} as {header}", wanted, found)


_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16le"), (b"\xfe\xff", "utf-16be"))


def tree_cases(folder: Path) -> Iterator[Case]:
    """html5lib's tree construction: the link elements of the tree with their text, and the links among them."""
    for path in sorted((folder / "html5lib-tests" / "tree-construction").glob("*.dat")):
        for number, (data, tree) in enumerate(_documents(path), 1):
            nodes = list(_expected(tree)) if tree else []
            if nodes:
                wanted = sorted(target for tag, reference, _ in nodes for target in _target(tag, reference))
                body = data.encode("utf-8", "replace")
                found = _shown(body), sorted(_links(body))
                yield Case(f"{path.name} {number}", (nodes, wanted), found)


def tree_inputs(folder: Path) -> list[str]:
    """Return the documents of html5lib's tree construction, those without links too."""
    paths = sorted((folder / "html5lib-tests" / "tree-construction").glob("*.dat"))
    return [data for path in paths for data, _ in _documents(path)]


_ATTRIBUTES = {"a": "href", "area": "href", "form": "action", "frame": "src", "iframe": "src"}
_NODE = re.compile(r"^\| ( *)<([^ >]+)>$")
_ATTRIBUTE = re.compile(r'^\| ( *)([^" ]+)="(.*)"$', re.DOTALL)
_TEXT = re.compile(r'^\| ( *)"(.*)"$', re.DOTALL)

Node = tuple[str, str | None, str]
"""Element, reference and text."""


def _documents(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield input and lines of the expected tree; no lines for fragments, and for what needs scripts."""
    text = path.read_bytes().decode("utf-8", "replace")
    for one in re.split(r"(?:^|\n)#data\n", text)[1:]:
        data, _, rest = one.partition("\n#errors")
        head, _, tree = rest.partition("#document\n")
        lines = (
            [] if "#document-fragment" in head or "#script-on" in head else re.split(r"\n(?=\| )", tree.rstrip("\n"))
        )
        yield data, lines


def _expected(lines: list[str]) -> Iterator[Node]:
    """Yield the link elements of an expected tree: HTML elements outside templates."""
    templates: list[int] = []
    for at, line in enumerate(lines):
        node = _NODE.match(line)
        if node is None:
            continue
        depth = len(node[1])
        templates = [outer for outer in templates if outer < depth]
        if node[2] == "template":
            templates.append(depth)
        if node[2] in _ATTRIBUTES and not templates:
            yield _node(node[2], depth, lines[at + 1 :])


def _node(tag: str, depth: int, below: list[str]) -> Node:
    reference, text = None, []
    for line in below:
        other = re.match(r"^\| ( *)", line)
        if other is None or len(other[1]) <= depth:
            break
        attribute, letters = _ATTRIBUTE.match(line), _TEXT.match(line)
        if letters:
            text.append(letters[2])
        elif attribute and len(attribute[1]) == depth + 2 and attribute[2] == _ATTRIBUTES[tag]:
            reference = attribute[3]
    return tag, reference, "".join(text)


def _shown(body: bytes) -> list[Node]:
    document = parse(body, "text/html; charset=utf-8").document
    return [
        (element.tag, element.attr(_ATTRIBUTES[element.tag]), element.text)
        for element in document.iter_elements(tuple(_ATTRIBUTES))
        if element.namespace is Namespace.HTML and element.closest("template") is None
    ]


def _target(tag: str, reference: str | None) -> list[tuple[str, str]]:
    url = resolve(reference, PAGE) if reference or (reference is not None and tag in ("a", "area")) else None
    return [] if url is None else [(tag, url.url + ("" if url.fragment is None else "#" + url.fragment))]


def _links(body: bytes) -> list[tuple[str, str]]:
    found = examine(PAGE, [("Content-Type", "text/html; charset=utf-8")], body).links
    return [
        (row["kind"], row["dst_url"] + ("" if row["dst_fragment"] is None else "#" + row["dst_fragment"]))
        for row in found.rows()
        for _ in range(row["instances"])
        if row["kind"] in _ATTRIBUTES
    ]


SUITES: dict[str, tuple[str, Callable[[Path], Iterator[Case]]]] = {
    "url": ("web-platform tests, URL parsing", url_cases),
    "host": ("web-platform tests, domain to ASCII", host_cases),
    "suffix": ("Public Suffix List, its own tests", suffix_cases),
    "label": ("Encoding Standard, labels in header and meta", label_cases),
    "sniffing": ("html5lib, encoding sniffing", sniffing_cases),
    "charset": ("real pages in legacy encodings", charset_cases),
    "tree": ("html5lib, tree construction with links", tree_cases),
}

KNOWN_FAILURES: dict[tuple[str, str], str] = {}
"""(suite, case) of the cases that come out otherwise, each with the reason; none is known."""
