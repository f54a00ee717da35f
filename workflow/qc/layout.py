"""Rules L: lines, their length, and where they break."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from workflow.language.postpositions import (
    CLITICS,
    POSTPOSITIONS,
    UNITS,
    belongs_to,
    bound_start,
)
from workflow.qc.breaking import rebroken
from workflow.qc.profiles import Profile
from workflow.qc.rule import ERROR, HINT, WARNING, Hit, LineUp, rule
from workflow.tracks.text import count_characters, plain

_TWO_SPEAKERS = re.compile(r"^\s*[-–—]", re.MULTILINE)


@rule("L01", "Lines are not too long")
def line_length(track: LineUp) -> Iterator[Hit]:
    soft, hard = track.profile.line_characters, track.profile.hard_line_characters
    for i, lines in enumerate(track.lines):
        longest = max(count_characters(line) for line in lines)
        if longest > soft:
            severity = ERROR if longest > hard else WARNING
            fix = _fits(rebroken(track, i), track.profile)
            yield Hit(i, severity, f"A line has {longest} characters; the most is {soft}.", fix)


def _fits(text: str | None, profile: Profile) -> bool:
    return text is not None and all(
        count_characters(line) <= profile.line_characters for line in text.split("\n")
    )


@rule("L02", "Not too many lines")
def too_many_lines(track: LineUp) -> Iterator[Hit]:
    most = track.profile.max_lines
    for i, lines in enumerate(track.lines):
        if len(lines) > most:
            severity = track.profile.third_line if len(lines) == most + 1 else ERROR
            fix = rebroken(track, i) is not None
            yield Hit(i, severity, f"{len(lines)} lines; the most is {most}.", fix)


@rule("L03", "One line where one is enough")
def one_line_is_enough(track: LineUp) -> Iterator[Hit]:
    if not track.profile.one_line:
        return
    for i, lines in enumerate(track.lines):
        if len(lines) < 2 or _TWO_SPEAKERS.search(track.texts[i]):
            continue
        if count_characters(" ".join(lines)) <= track.profile.line_characters:
            yield Hit(i, HINT, "The text fits in one line.", fix=True)


@rule("L06", "No line begins with a postposition", turkmen=True)
def postposition_first(track: LineUp) -> Iterator[Hit]:
    yield from _torn(track, POSTPOSITIONS, ERROR)


@rule("L07", "A figure and its unit stay together", turkmen=True)
def unit_first(track: LineUp) -> Iterator[Hit]:
    for hit, above in _torn_with(track, UNITS, WARNING):
        if re.search(r"(\d|-nj[iy])$", above):
            yield hit


@rule("L09", "A verb and its auxiliary stay together", turkmen=True)
def auxiliary_first(track: LineUp) -> Iterator[Hit]:
    yield from _torn(track, CLITICS, WARNING)


def _torn(track: LineUp, groups: frozenset[str], severity: str) -> Iterator[Hit]:
    return (hit for hit, _ in _torn_with(track, groups, severity))


def _torn_with(track: LineUp, groups: frozenset[str], severity: str) -> Iterator[tuple[Hit, str]]:
    """Lines, and whole cues, that begin with a word torn from the text above; with that text."""
    if not track.profile.postpositions:
        return
    above = ""
    for i, lines in enumerate(track.lines):
        for number, line in enumerate(lines):
            found = bound_start(line, groups)
            if found and belongs_to(found, above):
                word = " ".join(found.words)
                place = f"Line {number + 1}" if number else "The cue"
                # A word that can also begin a phrase is for a person to judge.
                judged = severity if found.sure else WARNING
                message = f"{place} begins with {word!r}, torn from “{_tail(above)}”."
                yield Hit(i, judged, message, number > 0 and _mends(track, i, groups)), above
            above = line.strip() or above


def _tail(text: str) -> str:
    return text.rsplit(maxsplit=1)[-1] if text.split() else ""


def _mends(track: LineUp, index: int, groups: frozenset[str]) -> bool:
    """Whether breaking the cue anew leaves no word of *groups* at the start of its lower lines."""
    text = rebroken(track, index)
    if text is None:
        return False
    lines = plain(text).split("\n")
    return not any(
        (found := bound_start(line, groups)) and belongs_to(found, above)
        for above, line in pairwise(lines)
    )
