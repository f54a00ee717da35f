"""A film was cut anew: which pieces of the old cut are in the new one, and where its cues go.

Pieces are found by sound (`fingerprint`): equal marks of both cuts pile up at the offsets that are true, as equal
boundaries of two tracks do in `search`.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from workflow.align.fingerprint import HOP_SECONDS, Fingerprint
from workflow.errors import BadInput
from workflow.timebase import Flicks, FrameGrid, from_float_seconds
from workflow.tracks.cues import Cue

BLOCK = 200  # hops: 2 s, the shortest piece that is looked for
LEAST = 12  # equal marks in a block at one offset, and as many times what chance brings
OFTEN = 60  # a mark that comes more often than this in a minute is of silence or a hum, and tells nothing
MOST_OFFSETS = 64  # a jingle that comes again and again gives false ones; they have fewest marks
SMOOTH = 25  # hops: a piece ends where the marks of a quarter of a second no longer agree
SAME = 0.62  # share of equal bits in sounds that are the same; of strangers it is 0.5

Hops = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the old cut, [start, end), that the new one has *offset* later."""

    start: Flicks
    end: Flicks
    offset: Flicks


@dataclass(frozen=True)
class Recut:
    """Cues on the new cut.

    cues    those that are there, in order; uids, texts and notes are untouched
    torn    uids of cues that a cut goes through: they lie where most of them was
    gone    uids of cues whose place is no longer in the film; they are not in *cues*
    """

    cues: tuple[Cue, ...]
    torn: frozenset[str]
    gone: frozenset[str]
    pieces: tuple[Piece, ...]


def pieces_kept(old: Fingerprint, new: Fingerprint) -> tuple[Piece, ...]:
    """What the new cut has of the old one, by the old one's time. Raises BadInput UNRELATED for another film."""
    lags = _lags(old, new)
    if not lags:
        raise BadInput(
            "UNRELATED",
            "The two films have no sound in common.",
            advice="Check that the new film is a cut of the old one, with the same sound.",
        )
    agreeing = np.stack([_agreement(old, new, lag) for lag in lags])
    best = agreeing.argmax(0)
    known = agreeing.max(0) >= SAME
    edges = np.flatnonzero(np.diff(np.where(known, best, -1), prepend=-2, append=-2))
    pieces: list[Piece] = []
    for first, after in itertools.pairwise(edges):
        if not known[first] or after - first < BLOCK // 2:
            continue
        offset = from_float_seconds(lags[best[first]] * HOP_SECONDS)
        start, end = (from_float_seconds(float(hop) * HOP_SECONDS) for hop in (first, after))
        if pieces and pieces[-1].offset == offset:  # silence between, or a sound laid over
            pieces[-1] = replace(pieces[-1], end=end)
        else:
            pieces.append(Piece(start, end, offset))
    return tuple(pieces)


def _lags(old: Fingerprint, new: Fingerprint) -> list[int]:
    """Offsets in hops at which some block of the old cut is found in the new one."""
    telling = _telling(new)
    order = np.flatnonzero(telling)[np.argsort(new.marks[telling], kind="stable")]
    ordered = new.marks[order]
    found: dict[int, int] = {}
    useful = np.flatnonzero(_telling(old))
    for start in range(0, len(old.marks), BLOCK):
        rows = useful[np.searchsorted(useful, start) : np.searchsorted(useful, start + BLOCK)]
        first = np.searchsorted(ordered, old.marks[rows])
        count = np.searchsorted(ordered, old.marks[rows], side="right") - first
        owner = np.repeat(rows, count)
        index = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
        lag = order[index + np.repeat(first, count)] - owner
        if not len(lag):
            continue
        values, hits = np.unique(lag, return_counts=True)
        top = int(hits.argmax())
        chance = len(lag) / (len(old.marks) + len(new.marks))
        if hits[top] >= LEAST * max(1.0, chance):
            found[int(values[top])] = found.get(int(values[top]), 0) + int(hits[top])
    kept: list[int] = []
    for lag in sorted(found, key=lambda each: -found[each]):
        if len(kept) < MOST_OFFSETS and all(abs(lag - other) > 3 for other in kept):
            kept.append(lag)
    return kept


def _telling(heard: Fingerprint) -> npt.NDArray[np.bool_]:
    often = np.bincount(heard.marks, minlength=1 << 16)
    minutes = max(1.0, len(heard.marks) * HOP_SECONDS / 60)
    out: npt.NDArray[np.bool_] = heard.audible & (often[heard.marks] <= OFTEN * minutes)
    return out


def _agreement(old: Fingerprint, new: Fingerprint, lag: int) -> npt.NDArray[np.float32]:
    """float32[n]: share of equal bits around each hop of the old cut, the new one *lag* later."""
    same = np.full(len(old.marks), 0.5, np.float32)
    low, high = max(0, -lag), min(len(old.marks), len(new.marks) - lag)
    if high > low:
        differ = np.bitwise_xor(old.marks[low:high], new.marks[low + lag : high + lag])
        same[low:high] = 1 - np.bitwise_count(differ) / 16
    total = np.concatenate([[0.0], np.cumsum(same, dtype=np.float64)])
    left = np.maximum(np.arange(len(same)) - SMOOTH // 2, 0)
    right = np.minimum(left + SMOOTH, len(same))
    out: npt.NDArray[np.float32] = ((total[right] - total[left]) / (right - left)).astype(
        np.float32
    )
    return out


def recut(
    cues: Sequence[Cue], pieces: Sequence[Piece], *, grid: FrameGrid | None, duration: Flicks | None
) -> Recut:
    """Cues of the old cut, laid on the new one, on its frames. Raises UNRELATED as `pieces_kept`."""
    laid: list[Cue] = []
    torn, gone = set(), set()
    for cue in cues:
        shares = [max(0, min(cue.end, p.end) - max(cue.start, p.start)) for p in pieces]
        most = max(shares, default=0)
        if most <= (cue.end - cue.start) // 4:
            gone.add(cue.uid)
            continue
        piece = pieces[shares.index(most)]
        start, end = max(cue.start, piece.start), min(cue.end, piece.end)
        if cue.start - start < -_SLACK or cue.end - end > _SLACK:
            torn.add(cue.uid)
        else:
            start, end = cue.start, cue.end
        start, end = start + piece.offset, end + piece.offset
        if grid is not None:
            start, end = grid.snap(start), grid.snap(end)
        last = duration if duration is not None else end
        start, end = max(0, min(start, last - 1)), max(1, min(end, last))
        laid.append(replace(cue, start=start, end=max(end, start + 1)))
    return Recut(tuple(laid), frozenset(torn), frozenset(gone), tuple(pieces))


_SLACK: Flicks = from_float_seconds(0.25)  # the end of a piece is known no better
