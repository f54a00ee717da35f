"""Translation memory: what was said before for a source like this one, and how alike it is.

Scores are `rapidfuzz.fuzz.ratio` (normalised insertions and deletions, 0 to 100) of source texts made
alike: NFC, small letters, no tags, every number a `#`. Over 50,000 segments it finds 30 of 30 segments
with one changed word in 10 ms; the "smarter" scorers find fewer and take longer (docs: subtitles 5).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

SHOWN = 75
"""Unrelated sentences of one law reach 55, the most alike twentieth 80: below this nothing is worth showing."""

FILLED = 95
"""From here a match may stand in the field before the translator comes to it."""

PENALTY = 5
"""For other numbers, other tags or another speaker."""

ATTACHED = 60
"""A row of an old script less like the cue than this is shown for review, never attached in silence."""

_TAG = re.compile(r"</?[ibu]>")
_NUMBER = re.compile(r"\d+(?:[ \u00a0.,:]\d+)*")


@dataclass(frozen=True, slots=True)
class Unit:
    """One thing said, in two languages, and who said it where.

    before, after   source texts of its neighbours, "" at an end: they tell whether it is the same place
    origin          whose it is, for the page: a film, a TMX file
    """

    source: str
    target: str
    speaker: str = ""
    before: str = ""
    after: str = ""
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """score       0 to 100, penalties taken off
    in_context  100 with the same neighbours: the only kind that may be taken without a look
    """

    unit: Unit
    score: float
    in_context: bool

    @property
    def may_fill(self) -> bool:
        return self.score >= FILLED


class Memory:
    """Units by their source. Build once, look up often; adding makes a new one."""

    def __init__(self, units: Iterable[Unit]) -> None:
        self.units = tuple(units)
        self._keys = [alike(unit.source) for unit in self.units]

    def find(
        self,
        source: str,
        *,
        speaker: str = "",
        before: str | None = None,
        after: str | None = None,
        most: int = 5,
    ) -> list[Match]:
        """Matches of *source*, best first, at least `SHOWN` after penalties; each target once.

        before, after   source texts of the neighbours; None when they are not known
        """
        key = alike(source)
        if not key.strip():
            return []
        from rapidfuzz import fuzz, process  # noqa: PLC0415 (only where a memory is asked)

        near = process.extract(
            key, self._keys, scorer=fuzz.ratio, score_cutoff=SHOWN, limit=most * 4 + 20
        )
        matches = [
            self._match(self.units[i], score, source, speaker, before, after)
            for _, score, i in near
        ]
        matches.sort(key=lambda match: (-match.in_context, -match.score))
        best: dict[str, Match] = {}
        for match in matches:
            if match.score >= SHOWN:
                best.setdefault(match.unit.target, match)
        return list(best.values())[:most]

    def _match(
        self,
        unit: Unit,
        score: float,
        source: str,
        speaker: str,
        before: str | None,
        after: str | None,
    ) -> Match:
        numbers = _NUMBER.findall(unit.source) != _NUMBER.findall(source)
        tags = sorted(_TAG.findall(unit.source)) != sorted(_TAG.findall(source))
        voice = bool(unit.speaker and speaker) and unit.speaker != speaker
        score -= PENALTY * (numbers + tags + voice)
        context = (
            score >= 100
            and before is not None
            and after is not None
            and (alike(before), alike(after)) == (alike(unit.before), alike(unit.after))
        )
        return Match(unit, score, context)


def alike(text: str) -> str:
    """*text* as matches compare it: NFC, small, without tags, numbers as ``#``, spaces single."""
    text = _TAG.sub("", unicodedata.normalize("NFC", text))
    return " ".join(_NUMBER.sub("#", text).lower().split())


@dataclass(frozen=True, slots=True)
class Attachment:
    """Which row of a script a cue's source is.

    row     its index; None where none is left
    score   0 to 100
    sure    False: show it for review
    """

    cue: int
    row: int | None
    score: float
    sure: bool


def attach_rows(
    sources: Sequence[str], rows: Sequence[str], numbers: Sequence[int | None] = ()
) -> list[Attachment]:
    """For each cue's source text, the row of an old two-column script that it is, in order.

    sources     of the cues
    rows        the source column of the script
    numbers     cue numbers (from 1) that the script names for its rows, if it does

    A row with the cue's number is taken if it is like it; the rest are laid beside one another in order so
    that the sum of likeness is greatest. No row is given twice.
    """
    cues = [alike(text) for text in sources]
    script = [alike(text) for text in rows]
    given: dict[int, tuple[int, float]] = {}
    for row, number in enumerate(numbers[: len(rows)]):
        if number is not None and 1 <= number <= len(cues) and number - 1 not in given:
            score = _likeness(cues[number - 1], script[row])
            if score >= ATTACHED:
                given[number - 1] = (row, score)
    rest_cues = [i for i in range(len(cues)) if i not in given]
    taken = {row for row, _ in given.values()}
    rest_rows = [r for r in range(len(script)) if r not in taken]
    given |= {
        rest_cues[i]: (rest_rows[r], score)
        for i, r, score in _in_order([cues[i] for i in rest_cues], [script[r] for r in rest_rows])
    }
    return [
        Attachment(i, given[i][0], given[i][1], given[i][1] >= ATTACHED)
        if i in given
        else Attachment(i, None, 0, False)
        for i in range(len(cues))
    ]


def _likeness(a: str, b: str) -> float:
    """The ratio; texts of very different length cannot be alike, and are not compared."""
    from rapidfuzz import fuzz  # noqa: PLC0415 (as above)

    short, long = sorted((len(a), len(b)))
    return float(fuzz.ratio(a, b)) if short * 3 >= long and long else 0.0


_BAND = 60  # a script drifts from the cues by a few rows, not by hundreds


def _in_order(cues: list[str], rows: list[str]) -> list[tuple[int, int, float]]:
    """Pairs in order with the greatest sum of likeness (over 30), by dynamic programming in a band."""
    n, m = len(cues), len(rows)
    band = max(_BAND, abs(n - m) + _BAND)
    best: list[dict[int, float]] = [{} for _ in range(n + 1)]
    came: dict[tuple[int, int], tuple[str, float]] = {}
    for i in range(n + 1):
        middle = i * m // max(1, n)
        for j in range(max(0, middle - band), min(m, middle + band) + 1):
            options: list[tuple[float, str, float]] = (
                [(0.0, "start", 0.0)] if i == 0 or j == 0 else []
            )
            if i and j in best[i - 1]:
                options.append((best[i - 1][j], "cue", 0.0))
            if j and j - 1 in best[i]:
                options.append((best[i][j - 1], "row", 0.0))
            if i and j and j - 1 in best[i - 1]:
                score = _likeness(cues[i - 1], rows[j - 1])
                if score > 30:
                    options.append((best[i - 1][j - 1] + score - 30, "both", score))
            if options:
                value, how, score = max(options)
                best[i][j] = value
                came[i, j] = (how, score)
    i, j = n, m
    found = []
    while i and j and (i, j) in came:
        how, score = came[i, j]
        if how == "both":
            found.append((i - 1, j - 1, score))
        if how == "start":
            break
        i -= how in {"both", "cue"}
        j -= how in {"both", "row"}
    return found[::-1]
