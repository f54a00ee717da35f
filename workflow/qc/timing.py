"""Rules T: how long a cue stands, how fast it reads, how it sits between its neighbours and the cuts."""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from fractions import Fraction

from workflow.qc.rule import ERROR, HINT, WARNING, Hit, LineUp, rule
from workflow.sentences import sentence
from workflow.timebase import FLICKS_PER_MS, FLICKS_PER_SECOND, clock


def _s(time: Fraction | int) -> str:
    """Seconds of flicks, to the hundredth, for a message."""
    return f"{float(Fraction(time) / FLICKS_PER_SECOND):.2f}"


@rule("T01", "Stands long enough")
def too_short(track: LineUp) -> Iterator[Hit]:
    p = track.profile
    for i, cue in enumerate(track.cues):
        length = cue.end - cue.start
        by_words = p.min_duration_a_word * len(track.texts[i].split())
        least = max(p.min_duration, by_words)
        if 0 < length < least:
            severity = ERROR if length < max(p.hard_min_duration, by_words) else WARNING
            room = i + 1 == len(track.cues) or track.cues[i + 1].start > cue.end
            yield Hit(
                i,
                severity,
                sentence(
                    "Stands %(length)s s; the least is %(least)s s.",
                    length=_s(length),
                    least=_s(least),
                ),
                fix=room,
            )


@rule("T02", "Does not stand too long")
def too_long(track: LineUp) -> Iterator[Hit]:
    for i, cue in enumerate(track.cues):
        if cue.end - cue.start > track.profile.max_duration:
            most = _s(track.profile.max_duration)
            yield Hit(
                i,
                WARNING,
                sentence(
                    "Stands %(length)s s; the most is %(most)s s.",
                    length=_s(cue.end - cue.start),
                    most=most,
                ),
            )


@rule("T03", "Can be read in its time")
def reading_speed(track: LineUp) -> Iterator[Hit]:
    p = track.profile
    hard = p.hard_cps_english if track.language == "en" and p.hard_cps_english else p.hard_cps
    if hard is None:
        return
    soft = p.cps or hard
    for i, cue in enumerate(track.cues):
        if cue.end <= cue.start:
            continue
        if track.characters[i] * FLICKS_PER_SECOND > soft * (cue.end - cue.start):
            cps = track.characters[i] / track.seconds(i)
            severity = ERROR if cps > hard else WARNING
            message = sentence(
                "%(cps)s characters a second; %(soft)s is comfortable, %(hard)s the most.",
                cps=f"{float(cps):.1f}",
                soft=soft,
                hard=hard,
            )
            yield Hit(i, severity, message)


@rule("T04", "Words a minute")
def words_a_minute(track: LineUp) -> Iterator[Hit]:
    most = track.profile.wpm
    if most is None:
        return
    for i, cue in enumerate(track.cues):
        words = len(track.texts[i].split())
        if words * 60 * FLICKS_PER_SECOND > most * (cue.end - cue.start) > 0:
            wpm = words * 60 / track.seconds(i)
            if wpm > most:
                yield Hit(
                    i,
                    HINT,
                    sentence(
                        "%(wpm)s words a minute; %(most)s is usual.",
                        wpm=f"{float(wpm):.0f}",
                        most=most,
                    ),
                )


@rule("T05", "A gap before the next cue", "film")
def gap(track: LineUp) -> Iterator[Hit]:
    least = track.profile.min_gap_frames
    if least is None:
        return
    for i in range(len(track.cues) - 1):
        frames = track.frames[i + 1][0] - track.frames[i][1]
        if 0 <= frames < least and track.cues[i + 1].start >= track.cues[i].end:
            yield Hit(
                i,
                ERROR,
                sentence(
                    "%(frames)s frames before the next cue; the least is %(least)s.",
                    frames=frames,
                    least=least,
                ),
                fix=True,
            )


@rule("T06", "No short gap that flickers", "film")
def chaining(track: LineUp) -> Iterator[Hit]:
    close = track.profile.min_gap_frames
    if close is None:
        return
    for i in range(len(track.cues) - 1):
        frames = track.frames[i + 1][0] - track.frames[i][1]
        if close < frames < track.half_second_frames:
            yield Hit(
                i,
                WARNING,
                sentence(
                    "%(frames)s frames before the next cue: close to %(close)s.",
                    frames=frames,
                    close=close,
                ),
                fix=True,
            )


@rule("T07", "Does not overlap the next cue")
def overlap(track: LineUp) -> Iterator[Hit]:
    for i in range(len(track.cues) - 1):
        cue, following = track.cues[i], track.cues[i + 1]
        if cue.start <= following.start < cue.end:
            can_trim = following.start > cue.start
            yield Hit(
                i,
                ERROR,
                sentence(
                    "Still stands when the next cue comes, %(seconds)s s.",
                    seconds=_s(cue.end - following.start),
                ),
                can_trim,
            )


@rule("T08", "Comes with the speech", "film", "speech")
def in_with_speech(track: LineUp) -> Iterator[Hit]:
    """Judged where speech begins within a second of the cue, in a pause that no other cue stands in."""
    early, late = (
        track.frames_of(track.profile.in_early),
        track.frames_of(track.profile.in_late),
    )
    onsets = [start for start, _ in track.speech]
    for i, cue in enumerate(track.cues):
        at = bisect.bisect_left(onsets, cue.start - FLICKS_PER_SECOND)
        near = [o for o in onsets[at : at + 4] if abs(o - cue.start) <= 2 * FLICKS_PER_SECOND]
        if not near or not cue.start < cue.end:
            continue
        onset = min(near, key=lambda o: abs(o - cue.start))
        if onset >= cue.end or (i and track.cues[i - 1].end > onset):
            continue
        off = track.frames[i][0] - track.frame_at(onset)
        if off < -early or off > late:
            limits = {"early": early, "late": late}
            message = (
                sentence(
                    "Comes %(frames)s frames before the speech; up to %(early)s and %(late)s are good.",
                    frames=-off,
                    **limits,
                )
                if off < 0
                else sentence(
                    "Comes %(frames)s frames after the speech; up to %(early)s and %(late)s are good.",
                    frames=off,
                    **limits,
                )
            )
            yield Hit(i, WARNING, message)


@rule("T09", "Goes with the speech", "film", "speech")
def out_after_speech(track: LineUp) -> Iterator[Hit]:
    """Not for a cue that the next one follows within half a second: chaining decides there."""
    most = track.frames_of(track.profile.out_late)
    for i, (_, last) in enumerate(track.frames):
        ended = speech_end(track, i)
        if ended is None:
            continue
        following = track.frames[i + 1][0] if i + 1 < len(track.cues) else None
        if following is not None and following - last < track.half_second_frames:
            continue
        over = last - ended
        if over > most:
            yield Hit(
                i,
                WARNING,
                sentence(
                    "Stands %(frames)s frames after the speech; the most is %(most)s.",
                    frames=over,
                    most=most,
                ),
                fix=True,
            )


def speech_end(track: LineUp, index: int) -> int | None:
    """The frame at which the last speech under a cue ends; None if there is none, or it goes on."""
    cue = track.cues[index]
    ends = [
        end
        for start, end in _speech_near(track, cue.start, cue.end)
        if start < cue.end and end > cue.start
    ]
    if not ends or max(ends) >= cue.end:
        return None
    return track.first_frame_at(max(ends))


def _speech_near(track: LineUp, start: int, end: int) -> tuple[tuple[int, int], ...]:
    """The stretches that begin before *end*, from two before *start* on: stretches do not overlap."""
    first = max(0, bisect.bisect_left(track.speech, (start, start)) - 2)
    return track.speech[first : bisect.bisect_left(track.speech, (end, end))]


@rule("T10", "Comes with the cut, not just before it", "film", "shots")
def in_just_before_cut(track: LineUp) -> Iterator[Hit]:
    near = track.profile.cut_near_frames
    for i, (first, last) in enumerate(track.frames):
        cut = _cut_at_or_after(track, first)
        if cut is not None and 1 <= cut - first <= near and last > cut:
            yield Hit(
                i,
                WARNING,
                sentence(
                    "Comes %(frames)s frames before a cut: move it to the cut.", frames=cut - first
                ),
                True,
            )


@rule("T11", "Comes clear of the next cut", "film", "shots")
def in_before_cut(track: LineUp) -> Iterator[Hit]:
    half = track.half_second_frames
    for i, (first, _) in enumerate(track.frames):
        cut = _cut_at_or_after(track, first)
        if cut is not None and track.profile.cut_near_frames < cut - first < half:
            yield Hit(
                i,
                WARNING,
                sentence(
                    "Comes %(frames)s frames before a cut: come %(half)s before it, or with it.",
                    frames=cut - first,
                    half=half,
                ),
            )


@rule("T12", "Comes with the cut, not just after it", "film", "shots")
def in_after_cut(track: LineUp) -> Iterator[Hit]:
    for i, (first, _) in enumerate(track.frames):
        cut = _cut_at_or_before(track, first)
        if cut is not None and 1 <= first - cut < track.half_second_frames:
            free = i == 0 or track.frames[i - 1][1] <= cut
            yield Hit(
                i,
                WARNING,
                sentence(
                    "Comes %(frames)s frames after a cut: move it to the cut.", frames=first - cut
                ),
                free,
            )


@rule("T13", "Goes with the cut, not just before it", "film", "shots")
def out_before_cut(track: LineUp) -> Iterator[Hit]:
    due = track.profile.cut_out_frames
    for i, (_, last) in enumerate(track.frames):
        cut = _cut_at_or_after(track, last)
        if cut is None or not 1 <= cut - last <= track.half_second_frames or cut - last == due:
            continue
        free = i + 1 == len(track.frames) or track.frames[i + 1][0] >= cut
        yield Hit(
            i,
            WARNING,
            sentence(
                "Goes %(frames)s frames before a cut: go %(due)s before it.",
                frames=cut - last,
                due=due,
            ),
            free,
        )


@rule("T14", "Goes before the cut, not just after it", "film", "shots")
def out_after_cut(track: LineUp) -> Iterator[Hit]:
    due = track.profile.cut_out_frames
    window = track.frames_of(track.profile.cut_out_window)
    for i, (first, last) in enumerate(track.frames):
        cut = _cut_at_or_before(track, last)
        if cut is None or first >= cut - due or not 0 <= last - cut < window or last - cut == -due:
            continue
        yield Hit(
            i,
            WARNING,
            sentence(
                "Goes %(frames)s frames after a cut: go %(due)s before it.",
                frames=last - cut,
                due=due,
            ),
            True,
        )


def _cut_at_or_after(track: LineUp, frame: int) -> int | None:
    at = bisect.bisect_left(track.cuts, frame)
    return track.cuts[at] if at < len(track.cuts) else None


def _cut_at_or_before(track: LineUp, frame: int) -> int | None:
    at = bisect.bisect_right(track.cuts, frame)
    return track.cuts[at - 1] if at else None


@rule("T15", "Does not stand across a cut", "film", "shots")
def across_cut(track: LineUp) -> Iterator[Hit]:
    """By more than half a second on both sides; where speech is known, only if the speech does not."""
    half = track.half_second_frames
    for i, (first, last) in enumerate(track.frames):
        at = bisect.bisect_right(track.cuts, first + half)
        if at == len(track.cuts) or track.cuts[at] >= last - half:
            continue
        severity = HINT
        if track.film and track.film.speech is not None and track.profile.speech_may_cross:
            cut = track.grid.time_of(track.cuts[at])
            if any(start < cut < end for start, end in _speech_near(track, cut - 1, cut)):
                continue
            severity = WARNING
        yield Hit(
            i,
            severity,
            sentence(
                "Stands across a cut, %(frames)s frames into the next shot.",
                frames=last - track.cuts[at],
            ),
        )


@rule("T16", "In order, and each start before its end")
def order(track: LineUp) -> Iterator[Hit]:
    for i, cue in enumerate(track.cues):
        if cue.end <= cue.start:
            yield Hit(
                i,
                ERROR,
                sentence(
                    "Ends at %(end)s, not after its start %(start)s.",
                    end=clock(cue.end),
                    start=clock(cue.start),
                ),
            )
        elif i and cue.start < track.cues[i - 1].start:
            yield Hit(i, ERROR, "Starts before the cue that stands before it.", fix=True)


@rule("T17", "Inside the film", "film")
def outside_film(track: LineUp) -> Iterator[Hit]:
    duration = track.film.duration if track.film else 0
    for i, cue in enumerate(track.cues):
        if cue.start < 0:
            yield Hit(
                i,
                ERROR,
                sentence("Starts %(seconds)s s before the film.", seconds=_s(-cue.start)),
                fix=cue.end > 0,
            )
        elif cue.end > duration:
            clips = cue.start < duration
            yield Hit(
                i,
                ERROR,
                sentence("Ends %(seconds)s s after the film.", seconds=_s(cue.end - duration)),
                fix=clips,
            )


@rule("T18", "On the frames of the film", "film")
def off_grid(track: LineUp) -> Iterator[Hit]:
    for i, cue in enumerate(track.cues):
        off = max(abs(t - track.snap(t)) for t in (cue.start, cue.end))
        if off > FLICKS_PER_MS:
            ms = float(Fraction(off, FLICKS_PER_MS))
            yield Hit(
                i,
                HINT,
                sentence("A time lies %(ms)s ms from the nearest frame.", ms=f"{ms:.1f}"),
                fix=True,
            )
