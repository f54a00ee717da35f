"""Rules L: lines, their length, and where they break."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from workflow.language.linebreak import Tear, is_good, torn
from workflow.qc.breaking import SPEAKER, rebroken
from workflow.qc.profiles import Profile
from workflow.qc.rule import ERROR, HINT, WARNING, Hit, LineUp, counted, rule
from workflow.sentences import sentence
from workflow.tracks.text import plain

SHORT_LINE = 12
"""A line shorter than this beside one more than twice as long looks lost."""


@rule("L01", "Lines are not too long")
def line_length(track: LineUp) -> Iterator[Hit]:
    soft, hard = track.profile.line_characters, track.profile.hard_line_characters
    for i, lines in enumerate(track.lines):
        longest = max(counted(line) for line in lines)
        if longest > soft:
            severity = ERROR if longest > hard else WARNING
            fix = _fits(rebroken(track, i), track.profile)
            yield Hit(
                i,
                severity,
                sentence(
                    "A line has %(longest)s characters; the most is %(most)s.",
                    longest=longest,
                    most=soft,
                ),
                fix,
            )


def _fits(text: str | None, profile: Profile) -> bool:
    return text is not None and all(
        counted(line) <= profile.line_characters for line in text.split("\n")
    )


@rule("L02", "Not too many lines")
def too_many_lines(track: LineUp) -> Iterator[Hit]:
    most = track.profile.max_lines
    for i, lines in enumerate(track.lines):
        if len(lines) > most:
            severity = track.profile.third_line if len(lines) == most + 1 else ERROR
            fix = rebroken(track, i) is not None
            yield Hit(
                i,
                severity,
                sentence("%(lines)s lines; the most is %(most)s.", lines=len(lines), most=most),
                fix,
            )


@rule("L03", "One line where one is enough")
def one_line_is_enough(track: LineUp) -> Iterator[Hit]:
    for i, lines in enumerate(track.lines):
        if len(lines) < 2 or _is_dialogue(lines):
            continue
        if counted(" ".join(lines)) <= track.profile.line_characters:
            yield Hit(i, HINT, "The text fits in one line.", fix=True)


def _is_dialogue(lines: tuple[str, ...]) -> bool:
    return any(SPEAKER.match(line) for line in lines)


def _two_lines(track: LineUp) -> Iterator[tuple[int, str, str]]:
    """The cues of two lines that one speaker says and that one line would not hold."""
    for i, lines in enumerate(track.lines):
        if len(lines) == 2 and not _is_dialogue(lines):
            upper, lower = lines[0].strip(), lines[1].strip()
            if upper and lower and _too_long_for_one(track, upper, lower):
                yield i, upper, lower


def _too_long_for_one(track: LineUp, upper: str, lower: str) -> bool:
    return counted(f"{upper} {lower}") > track.profile.line_characters


def _better(track: LineUp, index: int, upper: str) -> tuple[str, str] | None:
    """The lines of the cue broken anew, without markup; None where that changes nothing."""
    text = rebroken(track, index)
    if text is None or "\n" not in text:
        return None
    above, below = plain(text).split("\n")
    return None if above == upper else (above, below)


@rule("L04", "Lines of about one length")
def balance_of_lines(track: LineUp) -> Iterator[Hit]:
    for i, upper, lower in _two_lines(track):
        if _lost(upper, lower):
            short, long = sorted((counted(upper), counted(lower)))
            better = _better(track, i, upper)
            fix = better is not None and not _lost(*better)
            yield Hit(
                i,
                WARNING,
                sentence(
                    "A line of %(short)s characters beside one of %(long)s.", short=short, long=long
                ),
                fix,
            )


def _lost(upper: str, lower: str) -> bool:
    short, long = sorted((counted(upper), counted(lower)))
    return short < SHORT_LINE and long > 2 * short


@rule("L05", "The upper line is the shorter")
def pyramid(track: LineUp) -> Iterator[Hit]:
    for i, upper, lower in _two_lines(track):
        if counted(upper) <= counted(lower):
            continue
        better = _better(track, i, upper)
        if (
            better
            and len(better[0]) <= len(better[1])
            and _quality(track, *better) == _quality(track, upper, lower)
        ):
            yield Hit(i, HINT, "The upper line is longer where it could be the shorter.", fix=True)


@rule("L10", "Breaks where the reader pauses")
def good_break(track: LineUp) -> Iterator[Hit]:
    for i, upper, lower in _two_lines(track):
        better = _better(track, i, upper)
        if better and _quality(track, *better) == 2 and _quality(track, upper, lower) == 1:
            yield Hit(
                i,
                HINT,
                sentence("Breaks better after “%(word)s”.", word=better[0].rsplit(maxsplit=1)[-1]),
                fix=True,
            )


def _quality(track: LineUp, upper: str, lower: str) -> int:
    """2 where a reader pauses, 0 where words are torn apart, else 1."""
    if track.is_turkmen_latin and torn(upper, lower):
        return 0
    return 2 if is_good(upper, lower) else 1


@rule("L06", "No line begins with a postposition", turkmen=True)
def postposition_first(track: LineUp) -> Iterator[Hit]:
    for i, number, tear, above in _tears(track, "postposition"):
        # A word that can also begin a phrase is for a person to judge.
        yield _torn_hit(track, i, number, tear, above, ERROR if tear.sure else WARNING)


@rule("L07", "A figure and its unit stay together", turkmen=True)
def unit_first(track: LineUp) -> Iterator[Hit]:
    for i, number, tear, above in _tears(track, "unit"):
        yield _torn_hit(track, i, number, tear, above, WARNING)


@rule("L08", "First name and surname stay together", turkmen=True)
def surname_first(track: LineUp) -> Iterator[Hit]:
    for i, number, tear, above in _tears(track, "name"):
        if number:  # a name may well begin the next cue
            yield _torn_hit(track, i, number, tear, above, WARNING)


@rule("L09", "A verb and its auxiliary stay together", turkmen=True)
def auxiliary_first(track: LineUp) -> Iterator[Hit]:
    for i, number, tear, above in _tears(track, "verb", "pair"):
        yield _torn_hit(track, i, number, tear, above, WARNING)


def _tears(track: LineUp, *kinds: str) -> Iterator[tuple[int, int, Tear, str]]:
    """Lines, and whole cues, that begin with a word torn from the text above: cue, line, what, text above."""
    above = ""
    for i, lines in enumerate(track.lines):
        for number, line in enumerate(lines):
            if above and line and (tear := torn(above, line)) and tear.kind in kinds:
                yield i, number, tear, above
            above = line.strip() or above


def _torn_hit(track: LineUp, index: int, number: int, tear: Tear, above: str, severity: str) -> Hit:
    torn = {"word": tear.word, "above": _tail(above)}
    message = (
        sentence(
            "Line %(line)s begins with '%(word)s', torn from “%(above)s”.", line=number + 1, **torn
        )
        if number
        else sentence("The cue begins with '%(word)s', torn from “%(above)s”.", **torn)
    )
    return Hit(index, severity, message, number > 0 and _mends(track, index, tear.kind))


def _tail(text: str) -> str:
    return text.rsplit(maxsplit=1)[-1] if text.split() else ""


def _mends(track: LineUp, index: int, kind: str) -> bool:
    """Whether breaking the cue anew tears nothing of this kind."""
    text = rebroken(track, index)
    if text is None:
        return False
    return not any(
        (tear := torn(above, line)) and tear.kind == kind
        for above, line in pairwise(plain(text).split("\n"))
    )
