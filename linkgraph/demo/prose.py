"""A topic and dice → sentences, paragraphs, headlines and names.

Promises plain text (the caller escapes), and that the same dice give the same text.
"""

from __future__ import annotations

from functools import cache
from string import Formatter

from linkgraph.demo.dice import Dice
from linkgraph.demo.tongues import TONGUES
from linkgraph.demo.words import FIRST_NAMES, LAST_NAMES, MONTHS, TOPICS, TOWNS

_SENTENCES = (
    "{A_quality} {thing} is worth more than {number} {other}s.",
    "Most people {act} only after the {thing} has failed them.",
    "To {act}, start with the {thing} and leave the {other} for later.",
    "The {thing} in {town} is {quality}, and nobody there would have it otherwise.",
    "In {month} the {other}s are {quality} and the {thing} needs looking after.",
    "{name} has kept the same {thing} for {number} years.",
    "It took {number} weeks to find {a_quality} {thing} that was not already spoken for.",
    "You can {act} without {a_thing}, but you will not enjoy it.",
    "What matters is the {thing}; the {other} is a question of taste.",
    "Old {thing}s were {quality} because there was no other way to make them.",
    "Nobody in {town} agrees on how to {act}.",
    "The second {thing} was {quality}, the third one better still.",
    "If the {other} looks {quality}, leave it alone until {month}.",
    "Between {month} and the first frost we {act} twice a week.",
    "There were {number} {thing}s on the table and one {quality} {other} under it.",
    "Ask anyone in {town}: {a_thing} should be {quality} before it is anything else.",
    "{name} taught us to {act} with borrowed tools.",
    "{A_thing} without {a_other} is only half of the story.",
    "We measured {number} {thing}s and found two that were truly {quality}.",
    "The {quality} ones are rare, and the shop in {town} sells out by noon.",
    "Do not {act} in a hurry.",
    "By the end of {month} every {thing} had been mended.",
    "Some say that {quality} {other}s last longer, though {name} doubts it.",
    "When you {act}, keep the {thing} within reach.",
)

_HEADLINES = (
    "How to {act}",
    "The {quality} {thing} of {town}",
    "Why every {thing} needs {a_other}",
    "{number} {thing}s compared",
    "In praise of the {quality} {thing}",
    "Late {month} with {name}'s {thing}s",
    "When to {act} & when not to",
    "Notes on the {quality} {other}",
    "What the {thing} taught us",
    "{name} on the {quality} {thing}",
    "The {thing} or the {other}?",
    "A short history of the {thing}",
)


Template = tuple[str, tuple[tuple[tuple[str, ...], int], ...]]
"""A text with a `%s` for each slot, and for each slot the words it takes and their number."""


@cache
def _vocabulary(topic: str) -> dict[str, tuple[str, ...]]:
    words = TOPICS[topic]
    slots = {
        "thing": words.things[::2],  # apart from `other`, so that no sentence compares a thing with itself
        "other": words.things[1::2],
        "quality": words.qualities,
        "act": words.acts,
        "name": FIRST_NAMES,
        "town": TOWNS,
        "month": MONTHS,
        "number": tuple(str(number) for number in range(3, 43)),
    }
    for slot in ("thing", "other", "quality"):
        slots[f"a_{slot}"] = tuple(f"{_article(word)} {word}" for word in slots[slot])
        slots[f"A_{slot}"] = tuple(f"{_article(word).capitalize()} {word}" for word in slots[slot])
    return slots


def _article(word: str) -> str:
    return "an" if word[0] in "aeiou" else "a"


@cache
def _templates(texts: tuple[str, ...], topic: str) -> tuple[Template, ...]:
    """Return *texts* bound to a topic's words: sentences are most of what a page costs, and this halves it."""
    words = _vocabulary(topic)
    return tuple(_template(text, words) for text in texts)


def _template(text: str, words: dict[str, tuple[str, ...]]) -> Template:
    parts = list(Formatter().parse(text))
    slots = tuple((words[slot], len(words[slot])) for _, slot, _, _ in parts if slot)
    return "".join(literal + ("%s" if slot else "") for literal, slot, _, _ in parts), slots


class Prose:
    """Text about one topic in one language. Languages other than English write whole clauses instead of slots."""

    __slots__ = ("_dice", "_headlines", "_sentences", "_tongue", "topic")

    def __init__(self, topic: str, language: str, dice: Dice) -> None:
        self.topic = TOPICS[topic]
        self._tongue = TONGUES.get(language)
        self._dice = dice
        self._sentences = _templates(_SENTENCES, topic)
        self._headlines = _templates(_HEADLINES, topic)

    def _fill(self, template: Template) -> str:
        throw = self._dice.throw
        text, slots = template
        return text % tuple([words[int(throw() * count)] for words, count in slots])

    def sentence(self) -> str:
        """Return one sentence, capitalised, with its full stop."""
        if self._tongue:
            return self._tongue.sentence(self._dice)
        return self._fill(self._dice.pick(self._sentences))

    def paragraph(self, least: int = 4, most: int = 7) -> str:
        """Return between *least* and *most* sentences."""
        count = least + self._dice.below(most - least + 1)
        return (self._tongue.space if self._tongue else " ").join(self.sentence() for _ in range(count))

    def headline(self) -> str:
        """Return a title of three to eight words."""
        if self._tongue:
            return self._tongue.headline(self._dice)
        line = self._fill(self._dice.pick(self._headlines))
        return line[0].upper() + line[1:]

    def phrase(self) -> str:
        """Return two words that name the matter: an adjective and a noun."""
        if self._tongue:
            return self._dice.pick(self._tongue.subjects)
        return f"{self._dice.pick(self.topic.qualities)} {self._dice.pick(self.topic.things)}"

    def person(self) -> str:
        """Return a first and a last name."""
        return f"{self._dice.pick(FIRST_NAMES)} {self._dice.pick(LAST_NAMES)}"

    def town(self) -> str:
        """Return the name of a town."""
        return self._dice.pick(TOWNS)

    def day(self) -> str:
        """Return a date such as `14 March 2024`."""
        return f"{1 + self._dice.below(28)} {self._dice.pick(MONTHS)} {2015 + self._dice.below(10)}"
