"""Alignment of a track to a reference that speaks the same film: another subtitle file, or the speech itself."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from workflow.align import place, walk
from workflow.align.fit import fit
from workflow.align.jitter import Steady, steadied
from workflow.align.reference import (
    Floats,
    Reference,
    reference_of_cues,
    seconds_of,
    without_repeats,
)
from workflow.align.trust import believe, is_related
from workflow.align.values import (
    MOVED_BY_NEIGHBOURS,
    NO_COUNTERPART,
    SNAPPED,
    Agreement,
    Alignment,
    Method,
    Retimed,
    Segment,
)
from workflow.progress import Watch, part, unwatched
from workflow.timebase import FLICKS_PER_SECOND, Flicks, FrameGrid, from_float_seconds
from workflow.tracks.cues import Cue

EXACT = 0.012  # seconds: two boundaries so near mean the same moment
SAME_AS_BEFORE = 10.0  # nats: a fit that beats the times as they are by less changes nothing
FEWEST_CUES = 4

Flags = npt.NDArray[np.bool_]


class Marks(NamedTuple):
    """In- and out-times of the reference in exact flicks, sorted; empty when it is speech."""

    starts: tuple[Flicks, ...] = ()
    ends: tuple[Flicks, ...] = ()


def align_to_subtitles(
    cues: Sequence[Cue],
    reference: Sequence[Cue],
    *,
    grid: FrameGrid | None = None,
    film_duration: Flicks | None = None,
    shots: Sequence[Flicks] = (),
    gap_frames: int = place.GAP_FRAMES,
    watch: Watch = unwatched,
) -> Alignment:
    """New times for *cues* by a subtitle file of the same film, in any language.

    cues           in file order, which is taken as the order of the story even where times step back
    grid           frames that in- and out-times end on; without it they keep the reference's exact times
    film_duration  no cue ends later
    gap_frames     least gap between cues, where there is a grid; smaller ones of the translator's stay

    Never raises for tracks that do not belong together: look at `Alignment.related`.
    Raises FILM_TOO_SHORT when the cues cannot fit into *film_duration*.
    """
    room = place.Room(grid, film_duration, tuple(sorted(shots)), gap_frames)
    if not cues or not reference:
        return unmoved(cues, room, "subtitles")
    marks = Marks(
        tuple(sorted({cue.start for cue in reference})),
        tuple(sorted({cue.end for cue in reference})),
    )
    return align_to(cues, reference_of_cues(reference), marks, room, "subtitles", watch)


def align_to(
    cues: Sequence[Cue],
    ref: Reference,
    marks: Marks,
    room: place.Room,
    method: Method,
    watch: Watch = unwatched,
) -> Alignment:
    """The common way of both kinds of reference."""
    order = story_order(cues)
    told = [cues[i] for i in order]
    times = seconds_of(told)
    if len(without_repeats(times[:, 0])) < FEWEST_CUES or len(ref.starts) < FEWEST_CUES:
        return unmoved(cues, room, method, ref)
    found = fit(times, ref, part(watch, 0, 900))
    watch(900, "Placing the cues")
    still = found.standing > found.evidence - SAME_AS_BEFORE
    if still:
        found = found.in_given_order()
    else:
        order = [order[i] for i in found.order]
        told, times = [cues[i] for i in order], times[found.order]
    rate = Fraction(1) if still else found.rate
    offsets = np.zeros(len(told)) if still else found.offsets
    piece = np.zeros(len(told), np.intp) if still else found.piece
    fitted = times * float(rate) + offsets[:, None]
    steady = steadied(fitted, ref) if marks.starts else None
    keep = still and steady is None
    starts, ends, exact_start, exact_end = exact_times(
        told, rate, offsets, Marks() if keep else marks, steady
    )
    known = has_counterpart(fitted, ref, found.scores)
    if not still:
        known &= ~found.lost
    start_units, end_units = room.to_units(starts), room.to_units(ends)
    if not still:
        start_units, end_units = place.snap_to_shots(
            room, start_units, end_units, ~exact_start, ~exact_end
        )
    wanted = start_units.copy(), end_units.copy()
    spacing = least_gaps(room, told, piece, start_units, end_units)
    if not still:
        start_units, end_units = place.fold_in(room, start_units, end_units, spacing, known)
    start_units, end_units = place.settle(room, start_units, end_units, spacing, known)
    slack = max(room.gap, place.GAP_FRAMES)
    pushed = (np.abs(start_units - wanted[0]) > slack) | (np.abs(end_units - wanted[1]) > slack)
    new_starts, new_ends = room.to_flicks(start_units), room.to_flicks(end_units)
    related = is_related(found, len(told))
    sure = believe(found, known, pushed, steady, related, heard=method == "speech")
    marked = [
        _mark(k, p, a or b)
        for k, p, a, b in zip(known, pushed, exact_start, exact_end, strict=True)
    ]
    retimed = {
        i: Retimed(cue.uid, new_starts[n], new_ends[n], float(sure[n]), marked[n], int(piece[n]))
        for n, (i, cue) in enumerate(zip(order, told, strict=True))
    }
    placed = np.array([new_starts, new_ends], np.float64).T / FLICKS_PER_SECOND
    return Alignment(
        cues=tuple(retimed[i] for i in range(len(cues))),
        segments=segments_of(rate, offsets, piece, new_starts, new_ends, sure),
        confidence=float(sure.mean()),
        related=related,
        before=agreement(times, ref),
        after=agreement(placed, ref),
        method=method,
    )


def story_order(cues: Sequence[Cue]) -> list[int]:
    """Positions of the cues in the order in which the film tells them.

    That is the file's own order: where something was cut out, times may step back. A file in which more
    than a tenth of the cues do so was shuffled, and goes by its times.
    """
    back = sum(b.start < a.start for a, b in itertools.pairwise(cues))
    if back <= 1 + len(cues) // 10:
        return list(range(len(cues)))
    return sorted(range(len(cues)), key=lambda i: (cues[i].start, cues[i].end))


def exact_times(
    cues: Sequence[Cue], rate: Fraction, offsets: Floats, marks: Marks, steady: Steady | None
) -> tuple[list[Flicks], list[Flicks], Flags, Flags]:
    """In- and out-times in flicks, and which of them were taken from the reference.

    A cue that belongs to the hand that jitters moves by `Steady.shift` first; then a time within EXACT of the
    reference's own is that one.
    """
    shifts = (offsets if steady is None else offsets + steady.shift).tolist()
    starts = [place.moved(c.start, rate, o) for c, o in zip(cues, shifts, strict=True)]
    ends = [place.moved(max(c.start, c.end), rate, o) for c, o in zip(cues, shifts, strict=True)]
    if not marks.starts:
        none = np.zeros(len(cues), np.bool_)
        return starts, ends, none, none
    reach = from_float_seconds(EXACT)
    taken = []
    for times, known in ((starts, marks.starts), (ends, marks.ends)):
        near = place.nearest_exact(known, times)
        met = np.array([abs(n - t) <= reach for n, t in zip(near, times, strict=True)], np.bool_)
        times[:] = [n if m else t for n, t, m in zip(near, times, met, strict=True)]
        taken.append(met)
    return starts, ends, taken[0], taken[1]


def has_counterpart(fitted: Floats, ref: Reference, scores: Floats) -> Flags:
    """Cues during which the reference speaks, or whose edges meet its edges."""
    length = np.maximum(fitted[:, 1] - fitted[:, 0], 0.1)
    covered = ref.spoken_between(fitted[:, 0], fitted[:, 1]) / length
    out: Flags = (covered >= 0.25) | (scores > 2.0)
    return out


def least_gaps(
    room: place.Room,
    cues: Sequence[Cue],
    piece: npt.NDArray[np.intp],
    starts: place.Ints,
    ends: place.Ints,
) -> place.Ints:
    """int[n-1], units: the gap to keep after each cue.

    The room's, or what the translator left where that was less: alignment makes no gap smaller and repairs
    none. Between two pieces nobody has chosen the gap, and it is the room's.
    """
    frame = FLICKS_PER_SECOND / room.grid.rate if room.grid else 1
    out = np.full(max(0, len(cues) - 1), room.gap, np.int64)
    for i, (cue, after) in enumerate(itertools.pairwise(cues)):
        own = float((after.start - cue.end) / frame)
        # in frames a gap that was nearly whole is whole, as times that end on frames come out
        if piece[i] == piece[i + 1] and own < room.gap - (0.5 if room.grid else 0):
            out[i] = min(round(own), room.gap)
            if own < 0:  # they are meant to be seen together
                out[i] = min(out[i], int(starts[i + 1] - ends[i]))
    return out


def segments_of(
    rate: Fraction,
    offsets: Floats,
    piece: npt.NDArray[np.intp],
    starts: Sequence[Flicks],
    ends: Sequence[Flicks],
    sure: Floats,
) -> tuple[Segment, ...]:
    edges = [0, *(np.flatnonzero(np.diff(piece)) + 1).tolist(), len(piece)]
    return tuple(
        Segment(
            first_cue=first,
            last_cue=after - 1,
            from_time=min(starts[first:after]),
            to_time=max(ends[first:after]),
            offset=from_float_seconds(float(offsets[first])),
            rate=rate,
            confidence=float(sure[first:after].mean()),
        )
        for first, after in itertools.pairwise(edges)
    )


def agreement(times: Floats, ref: Reference) -> Agreement:
    """How well float64[n, 2] times lie on the reference."""
    near = np.abs(
        np.concatenate([walk.nearest(ref.starts, times[:, 0]), walk.nearest(ref.ends, times[:, 1])])
    )
    length = float((times[:, 1] - times[:, 0]).sum())
    spoken = float(ref.spoken_between(times[:, 0], times[:, 1]).sum())
    return Agreement(
        on_time=float((near <= 0.1).mean()), covered=min(1.0, spoken / max(length, 1e-9))
    )


def unmoved(
    cues: Sequence[Cue], room: place.Room, method: Method, ref: Reference | None = None
) -> Alignment:
    """For tracks too short to tell anything: the times as they are, on the film's frames, trusted by nobody."""
    order = story_order(cues)
    told = [cues[i] for i in order]
    starts = room.to_units([cue.start for cue in told])
    ends = room.to_units([cue.end for cue in told])
    none = np.zeros(len(told), np.intp)
    spacing = least_gaps(room, told, none, starts, ends)
    starts, ends = place.settle(room, starts, ends, spacing, np.ones(len(told), np.bool_))
    times = {
        i: Retimed(cue.uid, start, end, 0.0)
        for i, cue, start, end in zip(
            order, told, room.to_flicks(starts), room.to_flicks(ends), strict=True
        )
    }
    nothing = Agreement(0.0, 0.0)
    stands = agreement(seconds_of(cues), ref) if ref is not None and cues else nothing
    return Alignment(
        cues=tuple(times[i] for i in range(len(cues))),
        segments=(),
        confidence=0.0,
        related=False,
        before=stands,
        after=stands,
        method=method,
    )


def _mark(known: bool, pushed: bool, exact: bool) -> str | None:
    if not known:
        return NO_COUNTERPART
    if pushed:
        return MOVED_BY_NEIGHBOURS
    return SNAPPED if exact else None
