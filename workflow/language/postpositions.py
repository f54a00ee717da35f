"""Turkmen words that belong to the word before them, and so may not begin a line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_FINAL = re.compile(r"[.!?:;…,–—-]['\"”’»)\]]*$")
_DATIVE = ("a", "e", "ä")
_ABLATIVE = ("dan", "den")


@dataclass(frozen=True, slots=True)
class Bound:
    """One row of the list.

    words    one word, or several that stand together
    group    "postposition", "relational noun", "multi-word", "bound to the word before",
             "unit or ordinal after a number", "may begin a line"
    governs  the case it asks of the word before it, as the list names it
    sure     False: it can also start a phrase, so only the case of the word before tells
    """

    words: tuple[str, ...]
    group: str
    governs: str
    sure: bool


POSTPOSITIONS = frozenset({"postposition", "relational noun", "multi-word"})
CLITICS = frozenset({"bound to the word before"})
UNITS = frozenset({"unit or ordinal after a number"})
OPENERS = frozenset({"may begin a line"})


def bound_start(text: str, groups: frozenset[str]) -> Bound | None:
    """The longest entry of *groups* that *text* begins with, in whole words, whatever their case."""
    words = tuple(re.findall(r"[\w-]+", text.lower())[:4])
    if not words or not text.lstrip(" «“\"'(").lower().startswith(words[0]):
        return None
    for length in range(len(words), 0, -1):
        found = _entries().get(words[:length])
        if found and found.group in groups:
            return found
    return None


def belongs_to(bound: Bound, before: str) -> bool:
    """Whether *bound*, at the start of a line, was torn from *before*, the text that ends above it.

    Punctuation at the end of *before* parts them. A word that can also start a phrase belongs there
    only if the last word has the case that it governs.
    """
    before = before.rstrip()
    if not before or _FINAL.search(before):
        return False
    if bound.sure:
        return True
    last: str = ["", *re.findall(r"\w+", before.lower())][-1]
    if "dative" in bound.governs:
        return last.endswith(_DATIVE)
    if "ablative" in bound.governs:
        return last.endswith(_ABLATIVE)
    return False


def every_phrase() -> tuple[Bound, ...]:
    return tuple(_entries().values())


@cache
def _entries() -> dict[tuple[str, ...], Bound]:
    entries: dict[tuple[str, ...], Bound] = {}
    group = ""
    text = files("workflow.language").joinpath("data/postpositions.txt").read_text("utf-8")
    for line in text.splitlines():
        if line.startswith("["):
            group = line.strip("[] ").partition(":")[0]
        elif line and not line.startswith("#"):
            words, governs, certainty = line.split("\t")
            key = tuple(words.split())
            entries[key] = Bound(key, group, governs, certainty == "sure")
    return entries
