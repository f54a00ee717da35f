"""An old script in two columns, without times, laid on the timed cues that it translates.

Its rows follow the film, so the two run in one order. A row finds its cue by the original that stands beside it;
what lies between two that are sure is paired as well as it can be. Nothing is attached in silence: rows that
are unlike their cue, or have none, are named for a person to look at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from rapidfuzz import fuzz

from workflow.tracks.compare import Span, longest_in_order, stretches
from workflow.tracks.cues import Cue, in_order
from workflow.tracks.formats.pace import GAP, reading_time
from workflow.tracks.text import plain

ALIKE = 60.0
"""Per cent of likeness (rapidfuzz ratio) below which a pair is a person's to judge (docs: subtitles 5)."""

_MOST_PAIRS = 40_000  # compared in one stretch; a longer one is paired by its order alone


@dataclass(frozen=True, slots=True)
class Placed:
    """Cues of a script with times, and the uids of those whose times somebody must look at."""

    cues: tuple[Cue, ...]
    unsure: tuple[str, ...]


def place_by_source(
    rows: Sequence[Cue], originals: Mapping[str, str], timed: Sequence[Cue]
) -> Placed:
    """*rows* of a script with the times of the cues of *timed* that they translate.

    rows         in the order of the script; their own times are provisional
    originals    by uid, the source text beside a row; where it has none, only its order tells
    """
    cues = in_order(timed)
    left = [_bare(originals.get(row.uid, "")) for row in rows]
    right = [_bare(plain(cue.text)) for cue in cues]
    pairs = _equal(left, right)
    for olds, news in stretches(pairs, len(right), len(left)):
        pairs |= _between(left, right, olds, news)
    out: list[Cue] = []
    unsure: list[str] = []
    free = 0
    for j, row in enumerate(rows):
        i = pairs.get(j)
        if i is None:
            placed = replace(row, start=free, end=free + reading_time(row.text))
        else:
            placed = replace(row, start=cues[i].start, end=cues[i].end)
        if i is None or fuzz.ratio(left[j], right[i]) < ALIKE:
            unsure.append(row.uid)
        out.append(placed)
        free = placed.end + GAP
    return Placed(in_order(out), tuple(unsure))


def _bare(text: str) -> str:
    return " ".join(plain(text).lower().split())


def _equal(left: Sequence[str], right: Sequence[str]) -> dict[int, int]:
    """Row → cue of texts that occur once on each side, as far as they keep one order."""
    where = {text: i for i, text in enumerate(right)}
    once = {text for text in where if text and right.count(text) == 1}
    return longest_in_order(
        {j: where[text] for j, text in enumerate(left) if text in once and left.count(text) == 1}
    )


def _between(left: Sequence[str], right: Sequence[str], olds: Span, news: Span) -> dict[int, int]:
    """Within one stretch: the pairing, in order, whose likenesses add up to the most; by order alone if it is long,
    or the rows have no originals."""
    n, m = news[1] - news[0], olds[1] - olds[0]
    if n * m > _MOST_PAIRS or not any(left[news[0] : news[1]]):
        return {news[0] + k: olds[0] + k for k in range(min(n, m))} if n == m else {}
    like = [[fuzz.ratio(a, b) for b in right[olds[0] : olds[1]]] for a in left[news[0] : news[1]]]
    best = [[0.0] * (m + 1) for _ in range(n + 1)]
    for a in range(n):
        for b in range(m):
            paired = best[a][b] + like[a][b]
            best[a + 1][b + 1] = max(paired, best[a][b + 1], best[a + 1][b])
    pairs: dict[int, int] = {}
    a, b = n, m
    while a and b:
        if best[a][b] == best[a - 1][b]:
            a -= 1
        elif best[a][b] == best[a][b - 1]:
            b -= 1
        else:
            a, b = a - 1, b - 1
            if like[a][b] >= ALIKE or n == m:
                pairs[news[0] + a] = olds[0] + b
    return pairs
