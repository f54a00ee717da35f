"""How two states of a track differ, how two people's edits are merged, and how uids survive a re-upload."""

from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from workflow.timebase import FLICKS_PER_SECOND, Flicks
from workflow.tracks.cues import Cue, in_order
from workflow.tracks.text import plain


@dataclass(frozen=True, slots=True)
class CueChange:
    """One cue that a viewer sees otherwise than before.

    kind    "text", "timing", "text+timing", "position", "sound", "added", "removed"; a changed place, and
            of a dub another take, speaker or mouth, are kinds only where text and times are the same
    """

    uid: str
    kind: str
    old: Cue | None
    new: Cue | None

    def to_json(self) -> dict[str, Any]:
        return {
            "uid": self.uid,
            "kind": self.kind,
            "old": self.old.to_json() if self.old else None,
            "new": self.new.to_json() if self.new else None,
        }


def diff(old: Sequence[Cue], new: Sequence[Cue]) -> tuple[CueChange, ...]:
    """What a viewer would see or hear change from *old* to *new*, by uid, in the order of time.

    Speakers of subtitles and notes are not seen: a cue that differs in those alone is not in it.
    """
    before = {cue.uid: cue for cue in old}
    after = {cue.uid: cue for cue in new}
    changes = [
        CueChange(uid, kind, before.get(uid), after.get(uid))
        for uid in before | after
        if (kind := _kind(before.get(uid), after.get(uid)))
    ]
    return tuple(sorted(changes, key=_when))


def _kind(old: Cue | None, new: Cue | None) -> str:
    if old is None:
        return "added"
    if new is None:
        return "removed"
    parts = [
        name
        for name, changed in (
            ("text", old.text != new.text),
            ("timing", (old.start, old.end) != (new.start, new.end)),
        )
        if changed
    ]
    if not parts and old.position != new.position:
        return "position"
    if not parts and old.look() != new.look():
        return "sound"
    return "+".join(parts)


def _when(change: CueChange) -> tuple[Flicks, Flicks]:
    cue = change.new or change.old
    return (cue.start, cue.end) if cue else (0, 0)


@dataclass(frozen=True, slots=True)
class CueConflict:
    """A cue that both sides changed, each otherwise. None: it is not there on that side."""

    uid: str
    base: Cue | None
    mine: Cue | None
    theirs: Cue | None

    def to_json(self) -> dict[str, Any]:
        sides = {"base": self.base, "mine": self.mine, "theirs": self.theirs}
        return {"uid": self.uid} | {k: c.to_json() if c else None for k, c in sides.items()}


@dataclass(frozen=True, slots=True)
class Merge:
    """Two people's edits of one base, together.

    cues        the merged cues, in order; where there is a conflict, my side, or theirs if I removed the cue
    taken       uids of cues that are as they are because of *theirs*
    conflicts   what a person must decide; empty means that *cues* can be saved
    """

    cues: tuple[Cue, ...]
    taken: tuple[str, ...]
    conflicts: tuple[CueConflict, ...]


def merge(base: Sequence[Cue], mine: Sequence[Cue], theirs: Sequence[Cue]) -> Merge:
    """*theirs* worked into *mine*, cue by cue over their common *base*.

    A cue is merged by its parts: text, times (start and end as one), place, speaker, note, take, mouth. If one
    side changed the text and the other the times, both are kept: neither could have meant to undo
    the other, and the checks judge the result like any other. The same part changed in two ways,
    and a cue removed on one side and changed in any way on the other, are conflicts. So a split
    or a joining of cues, which changes text and times together, never merges silently with an
    edit of the same cue. Text is never lost: a conflict carries all three states.
    """
    bases = {cue.uid: cue for cue in base}
    mines = {cue.uid: cue for cue in mine}
    its = {cue.uid: cue for cue in theirs}
    merged: list[Cue] = []
    taken: list[str] = []
    conflicts: list[CueConflict] = []
    for uid in bases | mines | its:
        old, my, their = bases.get(uid), mines.get(uid), its.get(uid)
        cue, clash = _merge_cue(old, my, their)
        if clash:
            conflicts.append(CueConflict(uid, old, my, their))
        elif cue != my:
            taken.append(uid)
        if cue:
            merged.append(cue)
    return Merge(in_order(merged), tuple(taken), tuple(conflicts))


def _merge_cue(old: Cue | None, my: Cue | None, their: Cue | None) -> tuple[Cue | None, bool]:
    """The cue (None: gone) and whether the sides clash."""
    if their in (my, old):
        return my, False
    if my == old:
        return their, False
    if old is None or my is None or their is None:
        return my or their, True
    cue = my
    for part in (
        ("text",),
        ("start", "end"),
        ("position",),
        ("speaker",),
        ("note",),
        ("take",),
        ("on_screen",),
    ):
        was, is_mine, is_theirs = (tuple(getattr(c, n) for n in part) for c in (old, my, their))
        if is_theirs in (was, is_mine):
            continue
        if is_mine != was:
            return my, True
        cue = replace(cue, **dict(zip(part, is_theirs, strict=True)))
    return cue, False


_NEAR: Flicks = 4 * FLICKS_PER_SECOND
_AT_ITS_PLACE: Flicks = FLICKS_PER_SECOND
_SAME_START: Flicks = FLICKS_PER_SECOND // 8
_LIKE_ENOUGH = 0.5
_LIKE_ENOUGH_ELSEWHERE = 0.7
_FEW_LETTERS = 16  # what is as short is said more than once in a film, and tells little
_MOST_PAIRS = 100_000  # compared in one stretch; beyond it only cues near in time


def carry_uids(old: Sequence[Cue], new: Sequence[Cue]) -> tuple[Cue, ...]:
    """*new*, from a file, with the uids of the *old* cues that they are, so that comments stay with them.

    A cue that brings an old uid with it, as our own scripts and translation files do, is that cue if
    its text or its place in time is near; a uid alone is not believed. Otherwise a cue is the same if
    its text is (wherever it moved, in order), or if it is like enough between two that are the same. Where all
    was moved or stretched, a cue's place in time is reckoned from its neighbours; short and repeated texts
    (Yes. No.) are the same only at their place. Of a split cue the first half keeps the uid; of joined ones the likest old cue gives it. Notes and
    speakers, which most formats lose, come along. Cues of *new* that match nothing keep their own uid,
    or a like one if an old cue has it.
    """
    named = _named(old, new)
    before = in_order(cue for cue in old if cue.uid not in named)
    after = in_order(cue for cue in new if cue.uid not in named)
    track = _Track(before, after)
    for low, high in stretches(track.pairs, len(before), len(after)):
        track.pairs |= _alike(track, low, high)
    pairs = track.pairs
    followed = {cue.uid: before[pairs[i]] for i, cue in enumerate(after) if i in pairs} | named
    taken = {cue.uid for cue in (*old, *new)}
    return tuple(
        _followed(followed[cue.uid], cue) if cue.uid in followed else _apart(cue, old, taken)
        for cue in in_order(new)
    )


def _named(old: Sequence[Cue], new: Sequence[Cue]) -> dict[str, Cue]:
    """Old cues by the uids that cues of *new* bring with them, where they are near or alike."""
    by_uid = {cue.uid: cue for cue in old}
    return {
        cue.uid: by_uid[cue.uid]
        for cue in new
        if cue.uid in by_uid
        and (
            abs(cue.start - by_uid[cue.uid].start) < _NEAR
            or _likeness(by_uid[cue.uid], cue, _threes(by_uid[cue.uid]), _threes(cue), _NEAR)
            >= _LIKE_ENOUGH
        )
    }


def _apart(cue: Cue, old: Sequence[Cue], taken: set[str]) -> Cue:
    """A cue that is new, under a uid that no old cue has."""
    uid = cue.uid
    if any(uid == other.uid for other in old):
        number = 2
        while (uid := f"{cue.uid[:56]}-{number}") in taken:
            number += 1
        taken.add(uid)
    return replace(cue, uid=uid)


def _followed(old: Cue, new: Cue) -> Cue:
    return replace(new, uid=old.uid, speaker=new.speaker or old.speaker, note=new.note or old.note)


class _Track:
    """Two states of a track while their cues are paired: *pairs* is new index → old index, in one order."""

    def __init__(self, before: Sequence[Cue], after: Sequence[Cue]) -> None:
        self.before, self.after = before, after
        self.words = [_words(cue) for cue in before], [_words(cue) for cue in after]
        self._counts = Counter(self.words[0]), Counter(self.words[1])
        found = self._same()
        sure = {j: i for j, i in found.items() if not self.tells_little(i, j)}
        self._fix(sure or found)  # a film of short words only is told by their order
        kept = {j: i for j, i in found.items() if j in sure or self.off(i, j) <= _AT_ITS_PLACE}
        self.pairs = longest_in_order(kept)
        self._fix(self.pairs)

    def tells_little(self, i: int, j: int) -> bool:
        """Whether like texts of an old and a new cue may be two cues all the same."""
        old, new = self.words[0][i], self.words[1][j]
        often = max(count[text] for count in self._counts for text in (old, new)) > 1
        return often or min(len(old), len(new)) <= _FEW_LETTERS

    def off(self, i: int, j: int) -> Flicks:
        """How far an old cue is from where a new one would have been, going by the pairs around it."""
        at = self.after[j].start
        right = bisect.bisect_left(self._fixed, j)
        left = right - 1
        right += right < len(self._fixed) and self._fixed[right] == j
        around = [
            (self.after[n].start, self.before[self._old[n]].start)
            for n in (
                self._fixed[left] if left >= 0 else None,
                self._fixed[right] if right < len(self._fixed) else None,
            )
            if n is not None
        ]
        places = [was + at - now for now, was in around] or [at]
        if len(around) == 2 and around[1][0] > around[0][0]:
            (now, was), (now_2, was_2) = around
            if (
                9 * (now_2 - now) < 10 * (was_2 - was) < 11 * (now_2 - now)
            ):  # one rate: no cut between
                places = []
            places.append(was + (at - now) * (was_2 - was) // (now_2 - now))
        return min(abs(self.before[i].start - place) for place in places)

    def _fix(self, pairs: dict[int, int]) -> None:
        self._fixed, self._old = sorted(pairs), pairs

    def _same(self) -> dict[int, int]:
        """Pairs with equal text: first those that did not move, then those whose text occurs once on each
        side; only as far as they keep one order."""
        olds, news = self.words
        at = {(olds[i], cue.start, cue.end): i for i, cue in enumerate(self.before)}
        pairs = {
            j: at[key]
            for j, cue in enumerate(self.after)
            if (key := (news[j], cue.start, cue.end)) in at
        }
        where = {words: i for i, words in enumerate(olds)}
        used = set(pairs.values())
        for j, words in enumerate(news):
            once = self._counts[0][words] == self._counts[1][words] == 1
            if j not in pairs and words and once and where[words] not in used:
                pairs[j] = where[words]
        return longest_in_order(pairs)


def _words(cue: Cue) -> str:
    return " ".join(plain(cue.text).split())


def longest_in_order(pairs: dict[int, int]) -> dict[int, int]:
    """The most pairs that run the same way on both sides (longest increasing run, n log n)."""
    ends: list[int] = []  # smallest old index that ends a run of length n + 1
    back: dict[int, int | None] = {}
    tips: list[int] = []
    for j in sorted(pairs):
        n = bisect.bisect_left(ends, pairs[j])
        back[j] = tips[n - 1] if n else None
        if n == len(ends):
            ends.append(pairs[j])
            tips.append(j)
        else:
            ends[n], tips[n] = pairs[j], j
    kept: dict[int, int] = {}
    tip = tips[-1] if tips else None
    while tip is not None:
        kept[tip] = pairs[tip]
        tip = back[tip]
    return kept


Span = tuple[int, int]


def stretches(pairs: dict[int, int], olds: int, news: int) -> list[tuple[Span, Span]]:
    """(old span, new span) between neighbouring pairs, where something is left on both sides."""
    stretches = []
    i = j = 0
    for new, old in [*sorted(pairs.items()), (news, olds)]:
        if old > i and new > j:
            stretches.append(((i, old), (j, new)))
        i, j = old + 1, new + 1
    return stretches


def _alike(track: _Track, olds: Span, news: Span) -> dict[int, int]:
    """Within one stretch: the likest pairs first, in order, each cue once."""
    before, after = track.before, track.after
    few = (olds[1] - olds[0]) * (news[1] - news[0]) <= _MOST_PAIRS
    starts = [cue.start for cue in before[olds[0] : olds[1]]]
    threes = [_threes(cue) for cue in before[olds[0] : olds[1]]]
    scored: list[tuple[float, int, int]] = []
    for j in range(*news):
        cue = after[j]
        mine = _threes(cue)
        near: Sequence[int] = range(*olds)
        if not few:
            low = bisect.bisect_left(starts, cue.start - _NEAR)
            near = range(olds[0] + low, olds[0] + bisect.bisect_right(starts, cue.start + _NEAR))
        for i in near:
            off = track.off(i, j)
            score = _likeness(before[i], cue, threes[i - olds[0]], mine, off)
            at_place = off <= _AT_ITS_PLACE
            enough = _LIKE_ENOUGH if at_place else _LIKE_ENOUGH_ELSEWHERE
            if score >= enough and (at_place or not track.tells_little(i, j)):
                scored.append((score, j, i))
    scored.sort(key=lambda found: (-found[0], found[1]))
    kept: list[tuple[int, int]] = []  # sorted on both sides at once
    for _, j, i in scored:
        at = bisect.bisect_left(kept, (j,))
        after_last = at == 0 or (kept[at - 1][1] < i)
        before_next = at == len(kept) or (kept[at][0] != j and kept[at][1] > i)
        if after_last and before_next:
            kept.insert(at, (j, i))
    return dict(kept)


def _likeness(old: Cue, new: Cue, its: frozenset[str], mine: frozenset[str], off: Flicks) -> float:
    """0 to 1.1: the share of their groups of three letters that two cues have in common, and up to
    0.1 for being near each other."""
    near = max(0.0, 1 - off / _NEAR)
    first_half = _words(new)
    begins = _SAME_START if len(first_half) <= _FEW_LETTERS else 3 * _SAME_START
    if first_half and off <= begins and _words(old).startswith(first_half):
        return 1.1  # the first half of a split cue, however short
    if not its or not mine:
        return 0.0
    return 2 * len(its & mine) / (len(its) + len(mine)) + near / 10


def _threes(cue: Cue) -> frozenset[str]:
    padded = f" {_words(cue).lower()} "
    return frozenset(padded[i : i + 3] for i in range(len(padded) - 2))
