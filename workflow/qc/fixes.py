"""Mends for what the rules find: always shown to a person as a difference, never applied unasked."""

from __future__ import annotations

import bisect
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from workflow.language.glossary import replaced
from workflow.qc import dialogue
from workflow.qc.breaking import rebroken
from workflow.qc.rule import ERROR, RULES, LineUp
from workflow.qc.timing import speech_end
from workflow.qc.usage import capitalised, joined_tags, labelled, sung
from workflow.qc.wording import alphabets_mended, confusables_mended
from workflow.timebase import FLICKS_PER_SECOND, Flicks
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


def _text(change: Callable[[LineUp, str], str]) -> Fixer:
    """A mend that changes nothing but the text."""

    def mended(track: LineUp, index: int) -> Cue:
        cue = track.cues[index]
        return replace(cue, text=change(track, cue.text))

    return mended


def _capitals(track: LineUp, index: int) -> Cue:
    cue = track.cues[index]
    return replace(cue, text=capitalised(track, index, cue.text))


def _two_speakers(track: LineUp, index: int) -> Cue:
    cue = track.cues[index]
    if "\n" in cue.text:
        return replace(cue, text=dialogue.both_dashed(cue.text, track.profile.dash or "-"))
    return replace(cue, text=dialogue.speakers_apart(cue.text, track.profile.dash))


def _dashes(track: LineUp, index: int) -> Cue:
    cue = track.cues[index]
    form = track.profile.dash or "-"
    found = dialogue.dashes(cue.text)
    both = len(found) == 2 and any(found) and dialogue.can_dash_both(cue.text)
    text = dialogue.both_dashed(cue.text, form) if both else dialogue.dashed(cue.text, form)
    return replace(cue, text=text)


def _allowed_form(track: LineUp, index: int) -> Cue:
    """The last forbidden form first, so that places before it stay where they are."""
    cue = track.cues[index]
    text = cue.text
    for use in reversed(track.lore.glossary.find_forbidden(text)):
        if use.term.tk:
            text = replaced(use, text, use.term.tk[0])
    return replace(cue, text=text)


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


def _with_speech(track: LineUp, index: int) -> Cue:
    """Ends as long after the speech as the profile allows, if it can still be read and no gap flickers."""
    cue = track.cues[index]
    ended = speech_end(track, index)
    if ended is None:
        return cue
    p = track.profile
    due = ended + track.frames_of(p.out_late)
    least = max(p.min_duration, p.min_duration_a_word * len(track.texts[index].split()))
    if cps := p.cps or p.hard_cps:
        least = max(least, -(-track.characters[index] * FLICKS_PER_SECOND // cps))
    due = max(due, track.grid.first_frame_at(cue.start + least))
    if due >= track.frames[index][1]:
        return cue
    return replace(cue, end=track.grid.time_of(due))


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
    at = bisect.bisect_left(track.cuts, frame)
    return min(track.cuts[max(0, at - 1) : at + 1], key=lambda cut: abs(cut - frame))


FIXERS: dict[str, Fixer] = {
    # In the order in which they are applied: words, order, cuts, gaps, length, lines.
    "X01": _without_it,
    "X04": _tags,
    "X15": _text(lambda track, text: confusables_mended(text, track.language)),
    "X16": _text(lambda track, text: alphabets_mended(text, track)),
    "X03": _spaces,
    "X05": _ellipsis,
    "M04": _allowed_form,
    "L11": _two_speakers,
    "L12": _dashes,
    "X08": _text(lambda track, text: dialogue.dashed(text, track.profile.dash or "-")),
    "X10": _text(lambda track, text: labelled(text, track.profile.label)),
    "X11": _text(lambda track, text: sung(text, track.profile.song)),
    "X09": _text(lambda track, text: joined_tags(text)),
    "X07": _capitals,
    "T17": _inside_film,
    "T18": _on_grid,
    "T07": _until_next,
    "T10": _in_at_cut,
    "T12": _in_at_cut,
    "T13": _out_at_cut,
    "T14": _out_at_cut,
    "T09": _with_speech,
    "T06": _until_next,
    "T05": _until_next,
    "T01": _longer,
    "L01": _lines,
    "L02": _lines,
    "L03": _lines,
    "L04": _lines,
    "L05": _lines,
    "L06": _lines,
    "L07": _lines,
    "L08": _lines,
    "L09": _lines,
    "L10": _lines,
}


NEVER_ERRORS = frozenset(
    {
        *("T02", "T04", "T06", "T08", "T09", "T10", "T11", "T12", "T13", "T14", "T15", "T18"),
        *("L03", "L04", "L05", "L07", "L08", "L09", "L10", "L11", "L12"),
        *("X03", "X05", "X06", "X07", "X08", "X09", "X10", "X11", "X12", "X13", "X14"),
        *("M02", "M05", "M06", "M07", "M08", "M09"),
    }
)
"""Rules whose findings are errors only where a profile says so: a mend need not be held against the rest."""


@dataclass(frozen=True, slots=True)
class Repair:
    """Mended cues, in order of time, and the uids of those that rules pull to and fro: left as they were."""

    cues: tuple[Cue, ...]
    conflicts: frozenset[str]


def mend(track: LineUp, rules: Collection[str]) -> Repair:
    """The cues of *track* with what *rules* find mended where that does no harm.

    Rounds of all fixers follow one another until nothing changes. A mend that would make a new error
    is not made. A cue that still changes in the last round is left as it was given, and the rest mended
    around it.
    """
    given = track.with_cues(in_order(track.cues))
    left: frozenset[str] = frozenset()
    while True:
        cues, restless = _rounds(given, rules, left)
        if not restless:
            return Repair(cues, left)
        left |= restless


def _rounds(
    track: LineUp, rules: Collection[str], left: frozenset[str]
) -> tuple[tuple[Cue, ...], frozenset[str]]:
    """The mended cues, and the uids of those that still change after the last round."""
    before = track.cues
    for _ in range(_ROUNDS):
        before = track.cues
        for name in (name for name in FIXERS if name in rules):
            track = _apply(track, name, left)
        if track.cues == before:
            return before, frozenset()
    changed = set(before) ^ set(track.cues)
    return track.cues, frozenset(cue.uid for cue in changed)


def _apply(track: LineUp, name: str, left: frozenset[str]) -> LineUp:
    """One fixer on every cue where its rule is broken, less the mends that would make an error."""
    if not track.can_judge(RULES[name]):
        return track
    found = dict.fromkeys(hit.index for hit in RULES[name].judge(track) if hit.fix)
    mended: dict[str, Cue | None] = {}
    for index in found:
        cue = track.cues[index]
        if cue.uid in left:
            continue
        new = FIXERS[name](track, index)
        if new != cue and (new is None or _is_sound(new)):
            mended[cue.uid] = new
    while mended:
        changed = track.with_cues(_replaced(track.cues, mended))
        new_errors = errors_after(track, changed) - errors_of(track)
        if not new_errors:
            return changed
        blamed = {uid for _, uid in new_errors}
        blamed |= _neighbours(track.cues, blamed)
        fewer = {uid: cue for uid, cue in mended.items() if uid not in blamed}
        mended = fewer if len(fewer) < len(mended) else {}
    return track


def _is_sound(cue: Cue) -> bool:
    return 0 <= cue.start < cue.end


BESIDE = frozenset(
    {
        *("T01", "T03", "T05", "T07", "T16", "T17"),
        *("L01", "L02", "L06", "X01", "X04", "X15", "X16", "M04"),
    }
)
"""Rules that look at no more than a cue, those beside it and the last text before it."""


def errors_of(track: LineUp) -> frozenset[tuple[str, str]]:
    """Rule and uid of every error; worked out once for a line-up."""
    kept: frozenset[tuple[str, str]] | None = track.__dict__.get("errors")
    if kept is None:
        kept = track.__dict__["errors"] = frozenset(_judged(track, RULES.keys()))
    return kept


def errors_after(before: LineUp, after: LineUp) -> frozenset[tuple[str, str]]:
    """`errors_of(after)`, of which only the neighbourhood of what changed is judged anew."""
    then, now = _surroundings(before), _surroundings(after)
    changed = [uid for uid, cues in now.items() if then.get(uid) != cues]
    # Pieces of the track side by side: where two meet, cues stand that nobody asks about.
    near = after.with_cues(in_order({cue.uid: cue for uid in changed for cue in now[uid]}.values()))
    asked = set(changed)
    errors = {
        *(e for e in errors_of(before) if e[0] in BESIDE and e[1] in now and e[1] not in asked),
        *(error for error in _judged(near, BESIDE) if error[1] in asked),
        *_judged(after, RULES.keys() - BESIDE),
    }
    after.__dict__["errors"] = frozenset(errors)
    return errors_of(after)


def _judged(track: LineUp, rules: Collection[str]) -> Iterator[tuple[str, str]]:
    given = track.profile.severities
    for rule in RULES.values():
        may_be_error = rule.id not in NEVER_ERRORS or given.get(rule.id) == ERROR
        if rule.id in rules and may_be_error and track.can_judge(rule):
            for hit in rule.judge(track):
                if given.get(rule.id, hit.severity) == ERROR:
                    yield rule.id, track.cues[hit.index].uid


def _surroundings(track: LineUp) -> dict[str, tuple[Cue, ...]]:
    """By uid: the last cue with text before it, the cue before it, itself, and the one after it."""
    found: dict[str, tuple[Cue, ...]] = {}
    cues, spoken = track.cues, None
    for i, cue in enumerate(cues):
        before = (spoken,) if spoken else ()
        found[cue.uid] = (*before, *cues[max(0, i - 1) : i + 2])
        if track.texts[i].strip():
            spoken = cue
    return found


def _replaced(cues: Sequence[Cue], mended: dict[str, Cue | None]) -> tuple[Cue, ...]:
    both = (mended.get(cue.uid, cue) for cue in cues)
    return in_order(cue for cue in both if cue is not None)


def _neighbours(cues: Sequence[Cue], uids: set[str]) -> set[str]:
    near = set()
    for i, cue in enumerate(cues):
        if cue.uid in uids:
            near |= {other.uid for other in cues[max(0, i - 1) : i + 2]}
    return near
