"""Spelling of Turkmen: which words are right, their stems, and what a wrong one was meant to be.

Hunspell over dictionary-tk; beside it the terms of the glossary,
a list of words that the dictionary lacks, and the project's own, all with the
endings of nouns. Loading takes a tenth of a second and happens at first use.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

from workflow.language.endings import BACK, FRONT, endings_of, stems_of
from workflow.language.glossary import seed
from workflow.language.stems import (
    MAX_LETTERS,
    all_stems,
    dictionary_knows,
    dictionary_stems,
    dictionary_suggests,
)
from workflow.language.tell import model

WORD = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*")
"""A word, hyphens inside it included; figures are not words (1-nji, 70-den)."""

_PARTICLES = frozenset(
    ["da", "de", "dä", "hem", "mi", "my", "mä", "däl", "dir", "dyr", "a", "la", "ha"]
)
_MARKED = {"a": "aä", "o": "oö", "u": "uü", "s": "sş", "n": "nň", "z": "zž", "c": "cç", "y": "yý"}
_HYPHENS = str.maketrans({"\u2010": "-", "\u2011": "-", "\u00ad": "", "’": "'"})
_READINGS = 400  # of one word, kept while its letters are gone through
_KEPT_ANSWERS = 200_000
_ON_DEMAND_LETTERS = 30  # longer words have Hunspell search for seconds


class Speller:
    """Knows words: those of the dictionary, of the glossary and of a project.

    Safe for threads; answers are kept, so a word that comes again costs nothing.
    """

    def __init__(self, words: Iterable[str] = ()) -> None:
        """words: beside the dictionary's, as they stand without endings; capitals do not matter."""
        self._own = _more_words() | {_normal(word) for given in words for word in given.split()}
        self._known: dict[str, bool] = {}

    def knows(self, word: str) -> bool:
        """Whether *word* is right, in any case and with noun endings; tidied text is expected.

        A word joined by hyphens is right if the dictionary has it so or each of its parts is right.
        """
        answer = self._known.get(word)
        if answer is None:
            if len(self._known) > _KEPT_ANSWERS:
                self._known.clear()
            answer = self._known[word] = self._judge(word)
        return answer

    def _judge(self, word: str) -> bool:
        word = unicodedata.normalize("NFC", word).translate(_HYPHENS)
        if not word or len(word) > MAX_LETTERS:
            return False
        low = word.lower()
        if low in self._own or dictionary_knows(word) or (word != low and dictionary_knows(low)):
            return True
        if "-" in word:
            parts = [part for part in low.split("-") if part]
            return bool(parts) and all(part in _PARTICLES or self.knows(part) for part in parts)
        return self._is_inflected(low)

    def _is_inflected(self, low: str) -> bool:
        """A word of ours, or a noun of the dictionary, with endings that its table lacks."""
        if any(stem in self._own for stem in stems_of(low)):
            return True
        for stem, ending, chain in endings_of(low):
            if len(stem) < 4 or (not ending and stem[-1] != "ä"):
                continue
            # -y, -a, -m alone make a wrong word right too easily; a chain of two hardly ever does.
            if len(ending) >= 2 and (chain.possessive == "3" or chain.case) and _is_entry(stem):
                return True
            if ending == "a" and stem.endswith("ýyş") and _is_entry(stem):
                return True
            if (
                not ending
                and stem[-3:] in {"lmä", "şmä", "nmä"}
                and dictionary_knows(stem[:-1] + "e")
            ):
                return True
        return False

    def stems(self, word: str) -> frozenset[str]:
        """The stems of *word*, itself, and each with its softened end made hard (gulçulyg, gulçulyk).

        Hunspell's; for words that the dictionary lacks, what is left when noun endings are taken off.
        """
        low = _normal(word)
        return all_stems(low) | ({s for s in stems_of(low) if s in self._own})

    def suggest(self, word: str, *, most: int = 5, following: str = "") -> tuple[str, ...]:
        """What *word* was meant to be, best first. Takes up to a second: never for a whole file.

        First the readings with their marks restored; Hunspell's own only where there are none.
        """
        found = list(self.restored(word, following=following))
        if not found and len(word) <= _ON_DEMAND_LETTERS:
            found = [_as_written(s, word) for s in dictionary_suggests(word.lower())]
        return tuple(dict.fromkeys(found))[:most]

    def restored(self, word: str, *, following: str = "") -> tuple[str, ...]:
        """Right words that *word* becomes when marks are put on its letters, likeliest first.

        following   the next word of the text, which tells -yň from -yn
        """
        low = _normal(word)
        if len(low) > MAX_LETTERS:
            return ()
        readings = [reading for reading in _readings(low) if reading != low]
        kept = [r for r in readings if self._is_right(r)] or [r for r in readings if self.knows(r)]
        return tuple(
            _as_written(v, word) for v in sorted(kept, key=lambda v: _strangeness(v, following))
        )

    def remarked(self, text: str) -> tuple[str, tuple[str, ...]]:
        """*text* that was typed without marks (see `tell.lacks_marks`), with them; and the words in doubt.

        Each word becomes its likeliest reading, as it stands included; nine in ten are right, so a person
        reads the whole. In doubt are the words that nothing fits, left as they are.
        """
        words = [found for found in WORD.finditer(text) if not _is_tag(text, found)]
        doubtful: dict[str, None] = {}
        out: list[str] = []
        at = 0
        for number, found in enumerate(words):
            following = words[number + 1][0] if number + 1 < len(words) else ""
            if text[found.end() : found.end() + 1].strip():
                following = ""  # a mark parts them
            out += [text[at : found.start()]]
            parts = found[0].split("-")
            new = [self._remarked_word(p, following if p is parts[-1] else "") for p in parts]
            doubtful |= {
                p: None for p, n in zip(parts, new, strict=True) if n is None and len(p) > 1
            }
            out.append("-".join(n or p for p, n in zip(parts, new, strict=True)))
            at = found.end()
        return "".join(out) + text[at:], tuple(doubtful)

    def _remarked_word(self, word: str, following: str) -> str | None:
        readings = list(self.restored(word, following=following))
        if word and self.knows(word):
            readings.append(word)
        if not readings:
            return None
        return min(readings, key=lambda r: _strangeness(r.lower(), following))

    def _is_right(self, low: str) -> bool:
        return low in self._own or dictionary_knows(low)


@cache
def turkmen() -> Speller:
    """The speller without a project's words."""
    return Speller()


def _normal(word: str) -> str:
    return unicodedata.normalize("NFC", word).translate(_HYPHENS).lower()


def _is_tag(text: str, found: re.Match[str]) -> bool:
    start, end = found.span()
    return text[max(0, start - 1) : start] in {"<", "/"} and text.startswith(">", end)


def _as_written(low: str, like: str) -> str:
    """*low* with the capitals of *like*."""
    if like.isupper() and len(like) > 1:
        return low.upper()
    return low[:1].upper() + low[1:] if like[:1].isupper() else low


def _readings(low: str) -> list[str]:
    """What a word typed without marks can be, the likeliest by its letters: every one for usual words."""
    letters = model("tk-Latn")
    beam = [("", 0.0)]
    for char in low:
        beam = [
            (before + marked, score + letters.step(f"  {before}"[-2:], marked))
            for before, score in beam
            for marked in _MARKED.get(char, char)
        ]
        if len(beam) > _READINGS:
            beam = sorted(beam, key=lambda reading: -reading[1])[:_READINGS]
    return [reading for reading, _ in beam]


def _strangeness(low: str, following: str) -> float:
    """Ranks readings of one word: vowels of a word are all back or all front; then letters decide."""
    vowels = [char in FRONT for char in low if char in FRONT or char in BACK]
    switches = sum(a != b for a, b in itertools.pairwise(vowels))
    score = 4.0 * switches - model("tk-Latn").score(low)
    if len(vowels) > 2 and low.endswith(("yň", "iň", "uň", "üň")) and following[:1].isalpha():
        score -= 1.5  # "of the …": the genitive stands before the noun that it belongs to
    return score


def _is_entry(stem: str) -> bool:
    """Whether *stem* itself stands in the dictionary, not only a form of it."""
    return stem in dictionary_stems(stem)


@cache
def _more_words() -> frozenset[str]:
    """Words that the dictionary lacks, and those of the glossary's terms."""
    text = files("workflow.language").joinpath("data/words.txt").read_text("utf-8")
    listed = {line.strip() for line in text.splitlines() if line and not line.startswith("#")}
    terms = {
        word.lower() for term in seed().terms for form in term.target for word in WORD.findall(form)
    }
    return frozenset(listed | terms)
