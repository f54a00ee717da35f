"""Turkmen from one alphabet into another: Cyrillic and Latin, and the Latin letters of 1993 to 1999.

The rules are a table, `data/cyrillic_latin.tsv`. Latin to Cyrillic and back
loses nothing; Cyrillic to Latin cannot be turned back for loanwords (ц, щ, ъ,
ь have no letters of their own in Latin).
"""

from __future__ import annotations

import csv
import re
import unicodedata
from functools import cache
from importlib.resources import files

_CYRILLIC_WORD = re.compile(r"[\u0400-\u052f]+")
_LATIN_WORD = re.compile(r"[A-Za-z\u00c0-\u024f]+")
_VOWELS = frozenset("аеёиоуыэюяөүәaäeiouöüy")
_IOTATED = frozenset("еёюя")


def to_latin(text: str) -> str:
    """Cyrillic Turkmen words of *text* in Latin letters; anything else stays as it is.

    Spelled letter by letter: some words are also spelled otherwise today (wyjdan, wyždan), so the
    speller goes over the result.
    """
    return _CYRILLIC_WORD.sub(
        lambda found: _word_to_latin(found[0]), unicodedata.normalize("NFC", text)
    )


def _word_to_latin(word: str) -> str:
    rules = _rules("c2l")
    shouted = len(word) > 1 and word.isupper()
    out: list[str] = []
    before = ""
    for char in word:
        low = char.lower()
        if low == "е":
            # [je] at the start, after a vowel and after a sign; э is the letter of [e].
            new = "ýe" if not before or before in _VOWELS or before in "ъь" else "e"
        else:
            new = rules.get(low, low)
        if char != low:
            new = new.upper() if shouted else new[:1].upper() + new[1:]
        out.append(new)
        before = low
    return "".join(out)


def to_cyrillic(text: str) -> str:
    """Latin Turkmen words of *text* in Cyrillic letters; a word with letters that Turkmen lacks stays Latin."""
    return _LATIN_WORD.sub(
        lambda found: _word_to_cyrillic(found[0]), unicodedata.normalize("NFC", text)
    )


def _word_to_cyrillic(word: str) -> str:
    rules = _rules("l2c")
    out: list[str] = []
    low = word.lower()
    if len(low) != len(word) or any(char not in rules and char not in "eý" for char in low):
        return word
    shouted = len(word) > 1 and word.isupper()
    i = 0
    while i < len(low):
        pair = low[i : i + 2]
        before = low[i - 1 : i]
        opens = not before or before in _VOWELS
        if pair == "ýe":
            new = "е" if opens else "ъе"
        elif pair in rules:
            new = rules[pair]
        elif low[i] == "ý":
            new, pair = "й", "ý"
        elif low[i] == "e":
            new, pair = ("э" if opens else "е"), "e"
        else:
            new, pair = rules[low[i]], low[i]
        if word[i] != low[i]:
            new = new.upper() if shouted else new[:1].upper() + new[1:]
        out.append(new)
        i += len(pair)
    return "".join(out)


@cache
def _rules(direction: str) -> dict[str, str]:
    """The rules of the table that need no context; е, э, ý and e are judged in the code above."""
    text = files("workflow.language").joinpath("data/cyrillic_latin.tsv").read_text("utf-8")
    rows = csv.DictReader(text.splitlines(), delimiter="\t")
    return {
        row["from"]: row["to"]
        for row in rows
        if row["direction"] == direction
        and row["context"].startswith("any")
        and "/" not in row["from"]
    }


_OLD = str.maketrans("£ſÑñ$¢¥ÿ", "ŽžŇňŞşÝý")
_OLD_SIGNS = frozenset("£ſÑñ$¢¥ÿ")
_OLD_WORD = re.compile(r"(?:[^\W\d_]|[£$¢¥])+")


def from_old_latin(text: str) -> tuple[str, int]:
    """Text in the letters of 1993 to 1999 (`be$ ¥yl`, `a¥dyñ`) in today's, and how many words that changed.

    Only inside words: a sign beside a figure, or alone, is money. Judge the count before you take it:
    a file with one such word is hardly an old one.
    """
    changed = 0

    def renewed(found: re.Match[str]) -> str:
        nonlocal changed
        word = found[0]
        start, end = found.span()
        if _OLD_SIGNS.isdisjoint(word) or not any(
            char.isalpha() and char not in "ſÑñÿ" for char in word
        ):
            return word
        if text[start - 1 : start].isdigit() or text[end : end + 1].isdigit():
            return word
        changed += 1
        new = word.translate(_OLD)
        # The capital sign was often typed for the small letter too (be$): the other letters tell.
        others = [char for char in word if char.isalpha() and char.isascii()]
        return new if all(char.isupper() for char in others) else new[:1] + new[1:].lower()

    return _OLD_WORD.sub(renewed, text), changed
