"""What people do to cues: split, merge, shift, stretch, ripple, re-break, snap, convert, retime, join, renumber.

Pure functions from cues to cues, the same for the editor, the API and the command line. None edits what it
was given, none loses a word, and what comes back is in order. Times are flicks; cues are named by uid.

Raises throughout: BadInput NO_SUCH_CUE for a uid that is not there, NEGATIVE_TIME where a cue would begin before
the film, and what each function says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from fractions import Fraction

from workflow.errors import BadInput
from workflow.language.linebreak import break_cost
from workflow.timebase import Flicks, FrameGrid, clock
from workflow.tracks import limits
from workflow.tracks.cues import Cue, in_order
from workflow.tracks.text import Run, balance, count_characters, from_runs, plain, runs_of

Cues = tuple[Cue, ...]


def split(
    cues: Sequence[Cue], uid: str, *, at_character: int, at_time: Flicks, new_uid: str
) -> Cues:
    """One cue as two. The first half keeps the uid, the note and the comments that hang on it.

    at_character    place in its plain text, line breaks counted; spaces around it go
    at_time         where the first half ends and the second begins

    What was italic stays italic on both sides. Raises BadInput SPLIT where a half would have no words or no time.
    """
    cue = _named(cues, uid)
    if not cue.start < at_time < cue.end:
        raise BadInput("SPLIT", f"The cue is not on screen at {clock(at_time)}.", where=uid)
    if any(other.uid == new_uid for other in cues):
        raise BadInput("UID_TWICE", f"A cue with the uid {new_uid!r} is there already.", where=uid)
    first, second = _parted(cue.text, at_character)
    if not plain(first).strip() or not plain(second).strip():
        raise BadInput(
            "SPLIT",
            "One half would have no words.",
            where=uid,
            advice="Nothing was changed. Split between two words.",
        )
    halves = (
        replace(cue, end=at_time, text=first),
        replace(cue, uid=new_uid, start=at_time, text=second, note=""),
    )
    return in_order(one for c in cues for one in (halves if c.uid == uid else (c,)))


def _parted(text: str, at: int) -> tuple[str, str]:
    """Text before and after a place in its plain characters, each with its own tags."""
    before: list[list[Run]] = [[]]
    after: list[list[Run]] = [[]]
    seen = 0
    for number, line in enumerate(runs_of(text)):
        if number:
            (before if seen < at else after).append([])
            seen += 1
        for run in line:
            cut = min(max(at - seen, 0), len(run.text))
            seen += len(run.text)
            if run.text[:cut]:
                before[-1].append(Run(run.text[:cut], run.style))
            if run.text[cut:]:
                after[-1].append(Run(run.text[cut:], run.style))
    return from_runs(_trimmed(before)), from_runs(_trimmed(after))


def _trimmed(lines: list[list[Run]]) -> list[list[Run]]:
    """Without empty lines, and without spaces at the ends of lines."""
    kept = []
    for line in lines:
        runs = list(line)
        while runs and not runs[0].text.strip():
            runs.pop(0)
        while runs and not runs[-1].text.strip():
            runs.pop()
        if runs:
            runs[0] = Run(runs[0].text.lstrip(), runs[0].style)
            runs[-1] = Run(runs[-1].text.rstrip(), runs[-1].style)
            kept.append(runs)
    return kept


def merge(cues: Sequence[Cue], uids: Collection[str], *, separator: str = "\n") -> Cues:
    """Cues that follow one another as one, from the first's start to the last's end.

    The first gives uid, speaker and place; notes are put together. Raises BadInput MERGE where they do not follow
    one another or are fewer than two, CUE_TOO_LONG where the text would be beyond the limits.
    """
    ordered = in_order(cues)
    for uid in uids:
        _named(cues, uid)
    chosen = [i for i, cue in enumerate(ordered) if cue.uid in uids]
    if len(chosen) < 2 or chosen != list(range(chosen[0], chosen[-1] + 1)):
        raise BadInput("MERGE", "Only cues that follow one another can be merged.")
    parts = [ordered[i] for i in chosen]
    text, _ = balance(separator.join(part.text.strip("\n") for part in parts if part.text.strip()))
    limits.refuse_long_text(text, where=f"cue {chosen[0] + 1}")
    merged = replace(
        parts[0],
        end=max(part.end for part in parts),
        text=from_runs(runs_of(text)),
        note="\n".join(part.note for part in parts if part.note),
    )
    return in_order((*ordered[: chosen[0]], merged, *ordered[chosen[-1] + 1 :]))


def shift(cues: Sequence[Cue], by: Flicks, *, uids: Collection[str] | None = None) -> Cues:
    """Cues moved by *by*, later if positive; all of them, or those named."""
    return _retimed(cues, uids, lambda time: time + by)


def stretch(
    cues: Sequence[Cue],
    factor: Fraction,
    *,
    around: Flicks = 0,
    uids: Collection[str] | None = None,
) -> Cues:
    """Times farther from *around* by *factor*, nearest flick. Raises BadInput FACTOR where it is not above 0."""
    if factor <= 0:
        raise BadInput("FACTOR", f"Times cannot be stretched by {factor}.")
    return _retimed(cues, uids, lambda time: around + round((time - around) * factor))


def ripple(cues: Sequence[Cue], at: Flicks, by: Flicks) -> Cues:
    """Room made or taken at an instant: every cue that begins at *at* or later moves by *by*.

    A cue that is on screen then stays. Raises BadInput OVERLAP where taking room would move a cue onto one that stays.
    """
    staying = [cue for cue in cues if cue.start < at]
    moving = {cue.uid for cue in cues if cue.start >= at}
    if by < 0 and staying and moving:
        first = min(cue.start for cue in cues if cue.uid in moving) + by
        last = max(cue.end for cue in staying)
        if first < last and min(c.start for c in cues if c.uid in moving) >= last:
            raise BadInput(
                "OVERLAP",
                f"Only {clock(first - by - last)} are free before {clock(first - by)}.",
                advice="Move by less.",
            )
    return shift(cues, by, uids=moving)


def re_break(
    cues: Sequence[Cue],
    *,
    most: int,
    lines: int = 2,
    uids: Collection[str] | None = None,
    language: str = "",
    penalty: Callable[[str, str], float] | None = None,
) -> Cues:
    """Lines of the cues broken anew, at spaces only, as evenly as may be; the words and their tags stay.

    most        characters that a line shows at most
    lines       how many lines a cue has at most
    language    BCP 47: its rules say where a break is better (after a mark) or worse (before a postposition)
    penalty     instead of those: what a break between two pieces of text costs, in characters of unevenness

    A cue that is a dialogue of dashed lines, or does not fit into *lines* lines, stays as it is.
    """
    costs = penalty or _costs_in(language)
    return tuple(
        _re_broken(cue, most, lines, costs) if uids is None or cue.uid in uids else cue
        for cue in cues
    )


def _costs_in(language: str) -> Callable[[str, str], float]:
    if not language:
        return lambda _upper, _lower: 0.0
    turkmen = language.split("-", maxsplit=1)[0] == "tk"
    return lambda upper, lower: break_cost(upper, lower, turkmen=turkmen)


_DASHED = re.compile(r"(?m)^\s*(?:<[ibu]>)*[-–—]")


def _re_broken(cue: Cue, most: int, lines: int, penalty: Callable[[str, str], float]) -> Cue:
    if len(_DASHED.findall(cue.text)) > 1:
        return cue
    styled: list[tuple[str, frozenset[str]]] = []  # each character with its style; breaks as spaces
    for number, line in enumerate(runs_of(cue.text)):
        if number and styled:
            styled.append((" ", styled[-1][1]))
        styled.extend((char, run.style) for run in line for char in run.text)
    words: list[list[tuple[str, frozenset[str]]]] = [[]]
    for char, style in styled:
        if char == " ":
            words.append([])
        else:
            words[-1].append((char, style))
    words = [word for word in words if word]
    texts = ["".join(char for char, _ in word) for word in words]
    ends = _breaks(texts, most, lines, penalty)
    if ends is None:
        return cue
    out: list[list[Run]] = []
    start = 0
    for end in ends:
        runs: list[Run] = []
        for n, word in enumerate(words[start:end]):
            if n:  # a space is in the style that both its neighbours share
                runs.append(Run(" ", words[start + n - 1][-1][1] & word[0][1]))
            runs.extend(Run(char, style) for char, style in word)
        out.append(runs)
        start = end
    return replace(cue, text=from_runs(_joined(line) for line in out))


def _joined(runs: Sequence[Run]) -> list[Run]:
    kept: list[Run] = []
    for run in runs:
        if kept and kept[-1].style == run.style:
            kept[-1] = Run(kept[-1].text + run.text, run.style)
        else:
            kept.append(run)
    return kept


def _breaks(
    words: Sequence[str], most: int, lines: int, penalty: Callable[[str, str], float]
) -> list[int] | None:
    """Where each line ends, counted in words: the fewest lines, then the least uneven. None if it cannot be."""
    if not words:
        return None
    widths = [count_characters(word) for word in words]
    for count in range(1, min(lines, len(words)) + 1):
        ideal = (sum(widths) + len(words) - 1) / count
        if best := _evenest(words, widths, 0, count, most, ideal, penalty):
            return best[1]
    return None


def _evenest(
    words: Sequence[str],
    widths: Sequence[int],
    start: int,
    count: int,
    most: int,
    ideal: float,
    penalty: Callable[[str, str], float],
) -> tuple[float, list[int]] | None:
    """The cheapest way to lay the words from *start* on into *count* lines: its cost, and the lines' ends."""
    if count == 1:
        width = sum(widths[start:]) + len(words) - start - 1
        return (abs(width - ideal), [len(words)]) if width <= most else None
    best: tuple[float, list[int]] | None = None
    width = -1
    for end in range(start + 1, len(words) - count + 2):
        width += widths[end - 1] + 1
        if width > most:
            break
        rest = _evenest(words, widths, end, count - 1, most, ideal, penalty)
        if rest:
            # Two words before and four after decide, as for the rules (docs: language.linebreak).
            upper, lower = (
                " ".join(words[max(start, end - 2) : end]),
                " ".join(words[end : end + 4]),
            )
            cost = abs(width - ideal) + penalty(upper, lower) + rest[0]
            if best is None or cost < best[0]:
                best = cost, [end, *rest[1]]
    return best


def snap(cues: Sequence[Cue], grid: FrameGrid, *, uids: Collection[str] | None = None) -> Cues:
    """Times on the nearest frame; a cue is at least one frame long, and cues that did not overlap do not now."""
    moved = _retimed(cues, uids, grid.snap, keep_length=False)
    return in_order(
        cue if cue.end > cue.start else replace(cue, end=grid.time_of(grid.frame_at(cue.start) + 1))
        for cue in moved
    )


def convert_frame_rate(cues: Sequence[Cue], old: Fraction, new: Fraction) -> Cues:
    """Times for the same frames shown at another rate: 25 instead of 24 is the film run 4 % faster.

    Cues that begin on a frame begin on the same frame afterwards. Raises BadInput FRAME_RATE where a rate is not above 0.
    """
    if old <= 0 or new <= 0:
        raise BadInput("FRAME_RATE", f"There is no rate of {min(old, new)} frames a second.")
    return stretch(cues, old / new)


def retime_by_two_points(
    cues: Sequence[Cue], first: tuple[Flicks, Flicks], second: tuple[Flicks, Flicks]
) -> Cues:
    """Times so that two known ones come right: each point is (time in the track, time in the film).

    Raises BadInput POINTS where the two do not keep their order.
    """
    (was_1, is_1), (was_2, is_2) = sorted((first, second))
    if was_1 == was_2 or is_1 >= is_2:
        raise BadInput(
            "POINTS",
            "The two points must be at different times and in the same order on both sides.",
            advice="Choose one near the beginning and one near the end.",
        )
    factor = Fraction(is_2 - is_1, was_2 - was_1)
    return _retimed(cues, None, lambda time: is_1 + round((time - was_1) * factor))


def join(parts: Sequence[tuple[Flicks, Sequence[Cue]]], *, new_uid: Callable[[], str]) -> Cues:
    """Tracks of several reels as one: each part with the time at which its reel begins.

    A uid that an earlier part has already is replaced.
    """
    seen: set[str] = set()
    joined: list[Cue] = []
    for offset, cues in parts:
        for cue in shift(cues, offset):
            uid = cue.uid
            while uid in seen:
                uid = new_uid()
            seen.add(uid)
            joined.append(replace(cue, uid=uid))
    return in_order(joined)


def renumber(cues: Sequence[Cue]) -> Cues:
    """In the order of time, which is what numbers are counted from; cues have none of their own."""
    return in_order(cues)


def _named(cues: Sequence[Cue], uid: str) -> Cue:
    found = next((cue for cue in cues if cue.uid == uid), None)
    if found is None:
        raise BadInput("NO_SUCH_CUE", f"There is no cue {uid[:64]!r}.", where=uid[:64])
    return found


def _retimed(
    cues: Sequence[Cue],
    uids: Collection[str] | None,
    move: Callable[[Flicks], Flicks],
    *,
    keep_length: bool = True,
) -> Cues:
    """Both times of each cue moved; refused where one would begin before 0 or last no time."""
    for uid in uids or ():
        _named(cues, uid)
    out = []
    for cue in cues:
        if uids is not None and cue.uid not in uids:
            out.append(cue)
            continue
        start, end = move(cue.start), move(cue.end)
        if start < 0:
            raise BadInput(
                "NEGATIVE_TIME",
                f"The cue at {clock(cue.start)} would begin {clock(-start)} before the film.",
                where=cue.uid,
                advice="Move by less, or remove the cue first.",
            )
        if end <= start and keep_length:
            end = start + 1
        out.append(replace(cue, start=start, end=end))
    return in_order(out)
