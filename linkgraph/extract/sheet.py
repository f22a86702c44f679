"""A parsed document → everything that extraction asks of it, in flat arrays.

Promises one serialisation and a fixed number of compiled passes, whatever the page. What no reader sees (scripts,
styles, templates, fallbacks of frames, text of noscript) is in none of the texts. Refuses links inside templates.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from linkgraph.extract import survey
from linkgraph.extract.document import Read
from linkgraph.extract.fingerprint import MAX_TEXT, simhash
from linkgraph.extract.flow import flow, letters
from linkgraph.extract.places import letters_beyond_ascii, read_looks
from linkgraph.extract.rel import rel_of
from linkgraph.extract.rows import join
from linkgraph.extract.scan import CLOSES, OPENS, PARENT, TAG
from linkgraph.extract.strings import SEED, Texts, read_manners, read_places, read_references, texts_of
from linkgraph.extract.survey import ALT, CONTENT, ELEMENT, EQUIV, MANNER, NAME, REFERENCE, SILENCED, TEXT
from linkgraph.extract.tags import FLAGS, TAGS
from linkgraph.extract.text import composed
from linkgraph.extract.texts import read_texts
from linkgraph.jit import kernel

_HEAD = TAGS.index("head")


class Meta(NamedTuple):
    """A meta element: its name and http-equiv in lower case, its content, and whether it stands in noscript."""

    name: str
    equiv: str
    content: str
    silenced: bool


class Sheet:
    """What one document holds."""

    def __init__(self, document: Read, *, resources: bool = False) -> None:
        """Take in *document*; with *resources*, images and scripts are sources too."""
        self._source, self.elements = document.source, document.elements
        words = letters_beyond_ascii()
        picked, said, strings, flowed, texts, hashed = _read(*document[:4], FLAGS, words, resources, SEED)
        self.sources, self.headings, self.capped = picked
        self.simhash: int | None = hashed[0] if hashed[1] else None
        self._head, self._metas, self._scripts = (spans.tolist() for spans in said)
        references, manners, self.steps, self.looks, self.settings = strings
        self.references = Texts(*references)
        manner = iter(texts_of(manners))
        self.manners = list(zip(manner, manner, manner, strict=True))
        self.line, self.places, self.visible = flowed
        self._keys, self.linked, self._marks = texts

    def metas(self) -> Iterator[Meta]:
        """Yield the meta elements whose name or http-equiv is among those that are read."""
        for row in self._metas:
            yield Meta(
                self._value(row[NAME], row[NAME + 1]).strip().lower(),
                self._value(row[EQUIV], row[EQUIV + 1]).strip().lower(),
                self._value(row[CONTENT], row[CONTENT + 1]),
                bool(row[SILENCED]),
            )

    def canonicals(self) -> list[str]:
        """Return the references of the head's link elements that say `canonical`."""
        says = [tag == "link" and "canonical" in rel_of(rel).tokens for tag, rel, _ in self.manners]
        found = np.flatnonzero(np.array(says)[self.sources[:, MANNER]]) if any(says) else ()
        parents = [self.elements[self.sources[row, ELEMENT], PARENT] for row in found]
        return [
            self.references.text(self.sources[row, REFERENCE])
            for row, parent in zip(found, parents, strict=True)
            if self.elements[parent, TAG] == _HEAD
        ]

    def scripts(self) -> list[bytes]:
        """Return the source addresses and texts of the scripts that may name an account."""
        return [self._source[begin:end].tobytes() for begin, end in self._scripts]

    def spoken(self) -> tuple[bytes, list[tuple[int, int]]]:
        """Return the line of all visible text as UTF-8, and the spans of it that lie in links, in their order."""
        spans = self.sources[:, TEXT : TEXT + 2]
        told = sorted({(begin, end) for begin, end in spans.tolist() if begin < end})
        return self.line[: self.places[-1] if len(self.places) else 0].tobytes(), told

    def texts(self, joined: NDArray[np.uint8]) -> list[str]:
        """Return texts of the line, composed, given their bytes, each ended with NUL."""
        texts = texts_of(joined)
        return [composed(text) for text in texts] if self._marks else texts

    def text_keys(self) -> tuple[NDArray[np.int64], int]:
        """Return two numbers a source, equal where anchors or alternative texts are equal; and that of no text."""
        if not self._marks:
            return self._keys, SEED
        known = {"": 0}
        columns = [
            [
                known.setdefault(text, len(known))
                for text in self.texts(join(self.line, self.sources[:, begin : begin + 2].astype(np.int64)))
            ]
            for begin in (TEXT, ALT)
        ]
        # In rows as elsewhere: for columns the loops would be compiled anew, on the event loop of a crawl.
        return np.ascontiguousarray(np.array(columns, np.int64).reshape(2, -1).T), 0

    def title(self) -> str | None:
        """Return the text of the title; None where there is no such element."""
        return self._told(survey.TITLE_TEXT)

    def language(self) -> str | None:
        """Return the language of the html element."""
        return self._told(survey.LANGUAGE)

    def base(self) -> str | None:
        """Return the reference of the first base element that has one."""
        return self._told(survey.BASE)

    def _told(self, row: int) -> str | None:
        begin, end = self._head[row]
        return self._value(begin, end) if begin >= 0 else None

    def _value(self, begin: int, end: int) -> str:
        value = self._source[begin:end].tobytes().decode() if begin >= 0 else ""
        return unescaped(value) if "&" in value else value


@kernel
def _read(
    source: Any, tokens: Any, elements: Any, attributes: Any, flags: Any, words: Any, resources: bool, seed: int
) -> Any:
    """Return all that a document holds.

    Args:
        source: the bytes of a document as it was read (uint8).
        tokens: its tokens.
        elements: its elements.
        attributes: its attributes.
        flags: the flags of each tag.
        words: the answer of `letters_beyond_ascii`.
        resources: whether images and scripts are sources too.
        seed: any number; results depend on it by chance of one in 2^60 only.

    Returns:
        The sources, the headings and whether there were too many sources; where the head's values, the metas
        and the scripts stand; the distinct references and manners, the steps of the distinct looks, what these say and
        the settings; the line, the places and visible characters of the tokens; the texts' keys, the linked
        characters, the mark; the simhash of the body's text, and whether there is one.
    """
    sources, headings, metas, scripts, wraps, firsts, capped = survey.pick(elements, attributes, flags, resources)
    said = (
        survey.read_head(elements, tokens, attributes, firsts),
        survey.read_metas(source, elements, attributes, metas),
        survey.read_scripts(source, elements, tokens, attributes, scripts),
    )
    references = read_references(source, attributes, sources, seed)
    manners = read_manners(source, elements, attributes, sources, seed)
    looks, settings = read_places(source, elements, attributes, sources, wraps, seed)
    steps, meant = read_looks(looks, words)
    text, size, places, visible, marks = flow(source, tokens, source.size)
    keys, linked, marks = read_texts(
        source, tokens, elements, attributes, sources, places, visible, text, size, marks, seed
    )
    body = firsts[1]
    first, last = (elements[body, OPENS], elements[body, CLOSES]) if body else (np.int64(0), np.int64(0))
    hashed = simhash(letters(source, tokens, first, last, np.int64(MAX_TEXT)))
    picked, strings = (sources, headings, capped), (references, manners, steps, meant, settings)
    return picked, said, strings, (text, places, visible), (keys, linked, marks), hashed


def unescaped(value: str) -> str:
    """Return a serialised text or value as it was."""
    for reference, character in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&nbsp;", "\xa0"), ("&amp;", "&")):
        value = value.replace(reference, character)
    return value
