"""Mends for what the rules find: always shown to a person as a difference, never applied unasked."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import lru_cache

from workflow.qc.breaking import rebroken
from workflow.qc.rule import ERROR, RULES, Finding, LineUp
from workflow.timebase import Flicks
from workflow.tracks.cues import Cue, in_order
from workflow.tracks.text import from_markup

Fixer = Callable[[LineUp, int], Cue | None]
"""The mended cue; None takes it out. A cue that cannot be mended comes back as it is."""

_ROUNDS = 5


def _without_it(track: LineUp, index: int) -> Cue | None:
    return None


def _spaces(track: LineUp, index: int) -> Cue:
    cue = track.cues[index]
    text = re.sub(r"[ \u00a0]*\n[ \u00a0]*", "\n", cue.text.strip(" \u00a0"))
    text = re.sub(r"[  ]{2,}", " ", text)
    text = re.sub(r"(?<=\S)[ \u00a0]+(?=[,.!?](?!\.))", "", text)
    # A space beside a tag at the end of a line stands inside the markup.
    text = re.sub(
        r"^((?:</?[ibu]>)+)[ \u00a0]+|[ \u00a0]+((?:</?[ibu]>)+)$", r"\1\2", text, flags=re.M
    )
    return replace(cue, text=text)


def _tags(track: LineUp, index: int) -> Cue:
    cue = track.cues[index]
    marked = from_markup(cue.text)
    return replace(cue, text=marked.text, position=cue.position or marked.position)


def _ellipsis(track: LineUp, index: int) -> Cue:
    cue = track.cues[index]
    right = track.profile.ellipsis
    wrong = "..." if right == "…" else "…"
    return replace(cue, text=cue.text.replace(wrong, right))


def _lines(track: LineUp, index: int) -> Cue:
    cue = track.cues[index]
    return replace(cue, text=rebroken(track, index) or cue.text)


def _inside_film(track: LineUp, index: int) -> Cue:
    cue = track.cues[index]
    duration = track.film.duration if track.film else cue.end
    return replace(cue, start=max(0, cue.start), end=min(duration, cue.end))


def _on_grid(track: LineUp, index: int) -> Cue:
    cue = track.cues[index]
    return replace(cue, start=track.grid.snap(cue.start), end=track.grid.snap(cue.end))


def _until_next(track: LineUp, index: int) -> Cue:
    """Ends the smallest allowed gap before the next cue."""
    return replace(track.cues[index], end=_latest_end(track, index))


def _latest_end(track: LineUp, index: int) -> Flicks:
    """The latest end of a cue that leaves the next one its gap."""
    if index + 1 == len(track.cues):
        return track.film.duration if track.film else 1 << 62
    start = track.cues[index + 1].start
    gap = track.profile.min_gap_frames
    if not track.film or gap is None:
        return start
    return track.grid.time_of(max(0, track.frames[index + 1][0] - gap))


def _longer(track: LineUp, index: int) -> Cue:
    cue = track.cues[index]
    p = track.profile
    least = max(p.min_duration, p.min_duration_a_word * len(track.texts[index].split()))
    wanted = cue.start + least
    if track.film:
        wanted = track.grid.time_of(track.grid.first_frame_at(wanted))
    return replace(cue, end=max(cue.end, min(wanted, _latest_end(track, index))))


def _in_at_cut(track: LineUp, index: int) -> Cue:
    return replace(track.cues[index], start=track.grid.time_of(_nearest_cut(track, index, 0)))


def _out_at_cut(track: LineUp, index: int) -> Cue:
    cut = _nearest_cut(track, index, 1)
    return replace(track.cues[index], end=track.grid.time_of(cut - track.profile.cut_out_frames))


def _nearest_cut(track: LineUp, index: int, side: int) -> int:
    frame = track.frames[index][side]
    return min(track.cuts, key=lambda cut: abs(cut - frame))


FIXERS: dict[str, Fixer] = {
    # In the order in which they are applied: words, order, cuts, gaps, length, lines.
    "X01": _without_it,
    "X04": _tags,
    "X03": _spaces,
    "X05": _ellipsis,
    "T17": _inside_film,
    "T18": _on_grid,
    "T07": _until_next,
    "T10": _in_at_cut,
    "T12": _in_at_cut,
    "T13": _out_at_cut,
    "T14": _out_at_cut,
    "T06": _until_next,
    "T05": _until_next,
    "T01": _longer,
    "L01": _lines,
    "L02": _lines,
    "L03": _lines,
    "L06": _lines,
    "L07": _lines,
    "L09": _lines,
}


def mend(
    track: LineUp,
    rules: Collection[str],
    judge: Callable[[LineUp], Sequence[Finding]],
) -> tuple[Cue, ...]:
    """The cues of *track*, in order of time, with what *rules* found mended where that does no harm.

    Rounds of all fixers follow one another until nothing changes. A mend that would make a new error
    is not made. A cue that rules pull to and fro is left as it was given, and the rest mended around it.
    """
    given = _with(track, in_order(track.cues))
    judge = lru_cache(maxsize=2)(judge)  # the state before a mend and the one after it
    left: set[str] = set()
    while True:
        cues, restless = _rounds(given, rules, judge, left)
        if not restless:
            return cues
        left |= restless


def _rounds(
    track: LineUp,
    rules: Collection[str],
    judge: Callable[[LineUp], Sequence[Finding]],
    left: set[str],
) -> tuple[tuple[Cue, ...], set[str]]:
    """The mended cues, and the uids of those that still change after the last round."""
    before = track.cues
    for _ in range(_ROUNDS):
        before = track.cues
        for name in (name for name in FIXERS if name in rules):
            track = _apply(track, name, judge, left)
        if track.cues == before:
            return before, set()
    changed = set(before) ^ set(track.cues)
    return track.cues, {cue.uid for cue in changed}


def _apply(
    track: LineUp, name: str, judge: Callable[[LineUp], Sequence[Finding]], left: set[str]
) -> LineUp:
    """One fixer on every cue where its rule is broken, less the mends that would make an error."""
    if not track.can_judge(RULES[name]):
        return track
    hits = [
        hit for hit in RULES[name].judge(track) if hit.fix and track.cues[hit.index].uid not in left
    ]
    mended = {track.cues[hit.index].uid: FIXERS[name](track, hit.index) for hit in hits}
    mended = {uid: cue for uid, cue in mended.items() if cue is None or _is_sound(cue)}
    if not mended:
        return track
    errors = _errors(judge(track))
    for _ in range(2):
        changed = _with(track, _replaced(track.cues, mended))
        new = _errors(judge(changed)) - errors
        if not new:
            return changed
        blamed = {uid for _, uid in new} | _neighbours(track.cues, {uid for _, uid in new})
        mended = {uid: cue for uid, cue in mended.items() if uid not in blamed}
    return track


def _is_sound(cue: Cue) -> bool:
    return 0 <= cue.start < cue.end


def _errors(findings: Sequence[Finding]) -> set[tuple[str, str]]:
    return {(found.rule, found.uid) for found in findings if found.severity == ERROR}


def _replaced(cues: Sequence[Cue], mended: dict[str, Cue | None]) -> tuple[Cue, ...]:
    both = (mended.get(cue.uid, cue) for cue in cues)
    return in_order(cue for cue in both if cue is not None)


def _neighbours(cues: Sequence[Cue], uids: set[str]) -> set[str]:
    near = set()
    for i, cue in enumerate(cues):
        if cue.uid in uids:
            near |= {other.uid for other in cues[max(0, i - 1) : i + 2]}
    return near


def _with(track: LineUp, cues: Sequence[Cue]) -> LineUp:
    return LineUp(
        cues, track.profile, language=track.language, film=track.film, source=track.source
    )
