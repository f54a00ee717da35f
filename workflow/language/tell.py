"""Which language a few cues are in, judged by their letters: Turkmen in either alphabet, and its neighbours.

Each language has a model of which letter follows which two, counted from the
first half of its Declaration of Human Rights; the text belongs to the model
that finds it likeliest. Letters that a language does not have weigh most.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from workflow.language.letters import TURKMEN_MARKED

MODELS = {
    "tk-Latn": "tk-Latn",
    "tk-Cyrl": "tk-Cyrl",
    "tr": "tr",
    "az-Latn": "az",
    "az-Cyrl": "az",
    "ru": "ru",
    "kk": "kk",
    "uz-Latn": "uz",
    "uz-Cyrl": "uz",
    "en": "en",
}
"""The models, and the language that each stands for (BCP 47)."""

SURE = 0.12
"""Lead, in nats a letter, from which an answer is sure. Of 3,000 samples of four words 11 were told wrong, none with
more; of one word one in eight is told wrong, some with a great lead: so fewer words are never sure."""

SURE_WORDS = 4

MARKED_SHARE = 0.02
"""Turkmen text with fewer marked letters than this was typed without them; 8 % is usual (docs: subtitles 3)."""

_WORD = re.compile(r"[^\W\d_]+")
_MOST_LETTERS = 20_000
_FOREIGN = -11.0
_WEIGHTS = (0.62, 0.28, 0.1)  # of three letters, two, one; found by trying on the first halves


@dataclass(frozen=True, slots=True)
class Told:
    """language    BCP 47, "und" for a text without letters
    sure        False where another language is nearly as likely
    second      the next likeliest
    """

    language: str
    sure: bool
    second: str


def tell(texts: Iterable[str]) -> Told:
    """The language of *texts* (cues without markup, or any text); five cues are enough."""
    words = Counter(_words(" ".join(texts)[:_MOST_LETTERS]))
    letters = sum((len(word) + 1) * count for word, count in words.items())
    if not letters:
        return Told("und", False, "und")
    best: dict[str, float] = {}
    for name, language in MODELS.items():
        score = sum(model(name).score(word) * count for word, count in words.items()) / letters
        best[language] = max(score, best.get(language, -math.inf))
    first, second, *_ = sorted(best, key=lambda language: -best[language])
    sure = best[first] - best[second] >= SURE and words.total() >= SURE_WORDS
    return Told(first, sure, second)


def lacks_marks(text: str) -> bool:
    """Whether Turkmen *text* seems typed without its marks (ş as s, ý as y), so that each word must be looked at."""
    letters = [char for char in unicodedata.normalize("NFC", text) if char.isalpha()]
    marked = sum(char in TURKMEN_MARKED for char in letters)
    return len(letters) >= 100 and marked < MARKED_SHARE * len(letters)


class Trigrams:
    """How likely letters follow one another in a language, counted from a text."""

    def __init__(self, text: str) -> None:
        one: Counter[str] = Counter()
        two: Counter[str] = Counter()
        three: Counter[str] = Counter()
        before: Counter[str] = Counter()
        for word in _words(text):
            padded = f"  {word} "
            for i in range(2, len(padded)):
                one[padded[i]] += 1
                two[padded[i - 1 : i + 1]] += 1
                three[padded[i - 2 : i + 1]] += 1
                before[padded[i - 2 : i]] += 1
        self._one, self._two, self._three, self._before = one, two, three, before
        self._all = one.total()
        self._kept: dict[str, float] = {}

    def step(self, two_before: str, char: str) -> float:
        """Log chance of *char* after the two letters before it."""
        key = two_before + char
        kept = self._kept.get(key)
        if kept is None:
            single = self._one[char]
            if not single:
                return _FOREIGN
            a, b, c = _WEIGHTS
            chance = c * single / self._all
            if self._one[two_before[1]]:
                chance += b * self._two[key[1:]] / self._one[two_before[1]]
            if self._before[two_before]:
                chance += a * self._three[key] / self._before[two_before]
            kept = self._kept[key] = math.log(chance)
        return kept

    def score(self, word: str) -> float:
        """Log chance of *word* (lower case) with the space after it."""
        padded = f"  {word} "
        return sum(self.step(padded[i - 2 : i], padded[i]) for i in range(2, len(padded)))


@cache
def model(name: str) -> Trigrams:
    """The model of a language and alphabet, one of `MODELS`."""
    text = files("workflow.language").joinpath(f"data/declaration.{name}.txt").read_text("utf-8")
    return Trigrams(text)


def _words(text: str) -> list[str]:
    # Dotted I lower-cases to two characters; the mark is not a letter of its own.
    return _WORD.findall(unicodedata.normalize("NFC", text).replace("İ", "i").lower())
