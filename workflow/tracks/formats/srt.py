"""SubRip (.srt): the format that everybody has and nobody specified.

pysrt drops what it does not understand and accepts times that it should not, so this file scans
first: it finds each cue by its line of times, mends what is plainly meant, names the line of what
is not, and only then gives pysrt a clean text, with errors raised. What pysrt makes of it must be
what the scan saw, cue for cue. Files are written by pysrt and read back by the letter, without mending.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import pysrt

from workflow.errors import ToolFailed
from workflow.sentences import sentence
from workflow.timebase import Flicks, from_ms, to_ms
from workflow.tracks import limits
from workflow.tracks.cues import Cue
from workflow.tracks.formats.codec import (
    PLACE,
    STYLE,
    Format,
    RawCue,
    Remarks,
    Shown,
    Source,
    Target,
)
from workflow.tracks.formats.times import MINUTES, TIME, bad_time, read_time, write_time
from workflow.tracks.text import from_markup, looks_like_markup, plain

_ARROW = r"-{1,3}\s*-?\s*>|[–—]\s*>|=+\s*>|→|-{1,3}\s*&gt;"
_TIMES = re.compile(
    rf"\s*(?P<start>{TIME})\s*(?P<arrow>{_ARROW})\s*(?P<end>{TIME})(?P<rest>(?:\s.*)?)"
)
_SHORT_TIMES = re.compile(
    rf"\s*(?P<start>{MINUTES})\s*(?P<arrow>-->)\s*(?P<end>{MINUTES})(?P<rest>(?:\s.*)?)"
)
_MEANT_AS_TIMES = (  # compiled when it is asked: a file whose times are in order never does
    r"\s*-?\d+\s*:.*[-–—=]\s*>|.*[-–—=]\s*>\s*-?\d+\s*:\s*\d|\s*\d*\s*-->|\s*\d[\d\s.,:;]*-{1,3}\s*>\s*\d"
)
_HALF = re.compile(r"\s*\d{1,2}:\d{2}:\d{2}[,.]\d{1,3}\s*(?:[-–—=]+\s*)?(?:\d{1,2}:[\d:,.]*\s*)?$")
_ARROW_IN_TEXT = re.compile(r"-{1,3}\s*-?\s*>|[–—]>")
_NUMBER = re.compile(r"\s*#?(\d{1,9})[.:]?\s*")
_ENDS_FOR_PYTHON = re.compile(r"[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_EXACT = re.compile(r"(\d{2,3}):(\d{2}):(\d{2}),(\d{3}) --> (\d{2,3}):(\d{2}):(\d{2}),(\d{3})")


def _sniff(text: str) -> bool:
    return any(_may_be_times(line) and _find_times(line) for line in _lines(text))


def _find_times(line: str) -> re.Match[str] | None:
    return _TIMES.fullmatch(line) or _SHORT_TIMES.fullmatch(line)


def _may_be_times(line: str) -> bool:
    return ">" in line or "→" in line or "&gt;" in line


def _lines(text: str) -> Iterator[str]:
    """Without their ends, one at a time: a file of five million blank lines makes no list of them."""
    return (line.removesuffix("\n") for line in io.StringIO(text))


class _Block(NamedTuple):
    """What the scan holds of a cue: the line of its times, the times, its lines of text."""

    line: int
    start: Flicks
    end: Flicks
    lines: list[str]


def _read(source: Source) -> Iterator[RawCue]:
    blocks = []
    for block in _scan(source):
        blocks.append(block)
        limits.refuse_too_many(len(blocks), where=f"line {block.line}")
    texts = [_text_of(block, source.repairs) for block in blocks]
    for block, text in zip(blocks, texts, strict=True):
        limits.refuse_long_source(text, where=f"line {block.line}")
    _agree_with_pysrt(blocks, texts)
    for block, text in zip(blocks, texts, strict=True):
        marked = from_markup(text)
        where = f"line {block.line}"
        for note in marked.notes:
            source.losses.add(note.code, note.message, where)
        yield RawCue(block.line, block.start, block.end, marked.text, marked.position)


def _scan(source: Source) -> Iterator[_Block]:
    """Cues by their lines of times; whatever else stands between is number, text or blank."""
    repairs = source.repairs
    block: _Block | None = None
    before: list[str] = []  # since the last line of times; of a run of blank lines only one
    above = ""
    expected = 1
    for index, line in enumerate(_lines(source.text), start=1):
        if not _may_be_times(line) or not (found := _find_times(line)):
            if _is_broken_times(line, above):
                raise bad_time(index, f"is not a pair of times: {line.strip()[:80]}")
            if line.strip() or not before or before[-1].strip():
                before.append(line)
            above = line
            continue
        where = f"line {index}"
        expected = _take_number(before, expected, block is not None, repairs, where)
        if block:
            yield block
        elif stray := " ".join(" ".join(before).split()):
            repairs.add(
                "TEXT_BEFORE_FIRST_CUE",
                sentence("Not part of any cue, left out: %(text)s", text=stray[:200]),
                "line 1",
            )
        block = _Block(index, *_times(found, line, index, repairs), [])
        before = block.lines
        above = line
    if block:
        yield block


def _is_broken_times(line: str, above: str) -> bool:
    """A line that was to be times: it looks like some, and stands where they stand."""
    if ">" not in line:  # a line that breaks off before its arrow, below a number
        return bool(_HALF.match(line) and _NUMBER.fullmatch(above))
    above = above.strip()
    at_place = not above or bool(_NUMBER.fullmatch(above))
    return at_place and len(line) < 200 and bool(re.match(_MEANT_AS_TIMES, line))


def _take_number(
    before: list[str], expected: int, in_cue: bool, repairs: Remarks, where: str
) -> int:
    """Takes the cue's number off the end of the lines before its times; gives the number to expect next.

    A figure that stands alone is the number if a blank line parts it from the text above, or if it is
    the number that comes next, or 1 (numbering starts again); otherwise it is somebody's text.
    """
    last = len(before) - 1
    while last >= 0 and not before[last].strip():
        last -= 1
    found = _NUMBER.fullmatch(before[last]) if last >= 0 else None
    parted = not before[last - 1].strip() if last > 0 else not in_cue
    if not found or not (parted or int(found[1]) in {expected, 1}):
        repairs.add("MISSING_NUMBER", "The cue has no number.", where)
        if in_cue and last == len(before) - 1 and last >= 0:
            repairs.add("MISSING_BLANK_LINE", "No blank line before the cue.", where)
        return expected + 1
    number = int(found[1])
    if in_cue and not parted:
        repairs.add("MISSING_BLANK_LINE", "No blank line before the cue.", where)
    if last < len(before) - 1:
        repairs.add("BLANK_AFTER_NUMBER", "A blank line between the number and the times.", where)
    if number != expected:
        repairs.add(
            "NUMBER_OUT_OF_ORDER",
            sentence(
                "Numbered %(number)s where %(expected)s comes next.",
                number=number,
                expected=expected,
            ),
            where,
        )
    del before[last:]
    return number + 1


def _times(found: re.Match[str], line: str, number: int, repairs: Remarks) -> tuple[Flicks, Flicks]:
    where = f"line {number}"
    if exact := _EXACT.fullmatch(line):
        parts = [int(part) for part in exact.groups()]
        if max(parts[1:3] + parts[5:7]) < 60 and max(parts[0], parts[4]) < 24:  # nothing to say
            hours, minutes, seconds, ms, *last = parts
            return (
                from_ms(((hours * 60 + minutes) * 60 + seconds) * 1000 + ms),
                from_ms(((last[0] * 60 + last[1]) * 60 + last[2]) * 1000 + last[3]),
            )
    else:
        if found["arrow"] != "-->":
            repairs.add(
                "ARROW",
                sentence("The arrow is written %(arrow)s.", arrow=repr(found["arrow"])),
                where,
            )
        if rest := found["rest"].strip():
            repairs.add(
                "COORDINATES_DROPPED",
                sentence("Left out after the times: %(text)s", text=rest[:80]),
                where,
            )
    start, end = (read_time(found[name], number, repairs, mark=",") for name in ("start", "end"))
    return start, end


def _text_of(block: _Block, repairs: Remarks) -> str:
    """The lines of a cue without the blank ones, which the format cannot have, and space at their ends."""
    lines = block.lines
    while lines and not lines[-1].strip():
        lines.pop()
    kept = [line.rstrip() for line in lines if line.strip()]
    if len(kept) < len(lines):
        repairs.add(
            "BLANK_LINE_IN_CUE", "A blank line inside the cue was closed up.", f"line {block.line}"
        )
    return "\n".join(kept)


def _agree_with_pysrt(blocks: list[_Block], texts: list[str]) -> None:
    """pysrt's reading of the clean text must be the scan's. Raises ToolFailed READERS_DISAGREE."""
    # Lines that Python takes for ends of lines but the format does not (VT, FF, U+2028 …) are text here.
    clean = [_ENDS_FOR_PYTHON.sub(" ", text) for text in texts]
    judged = [
        (number, block, text)
        for number, (block, text) in enumerate(zip(blocks, clean, strict=True), start=1)
        if block.start >= 0 <= block.end
    ]
    body = "".join(
        f"{number}\n{write_time(block.start, mark=',')} --> {write_time(block.end, mark=',')}\n{text}\n\n"
        for number, block, text in judged
    )
    items = pysrt.SubRipFile.from_string(body, error_handling=pysrt.ERROR_RAISE)
    seen = [(item.start.ordinal, item.end.ordinal, item.text.rstrip()) for item in items]
    wanted = [
        (to_ms(b.start), to_ms(b.end), "\n".join(s.rstrip() for s in t.split("\n")).rstrip())
        for _, b, t in judged
    ]
    if seen != wanted:
        at = next(
            (i for i, pair in enumerate(zip(seen, wanted, strict=False)) if pair[0] != pair[1]), 0
        )
        raise ToolFailed(
            "READERS_DISAGREE",
            "Two readers of this file do not see the same cues.",
            where=f"line {judged[at][1].line}",
            advice="Please report this file.",
        )


def _prepare(cues: Sequence[Cue], target: Target) -> list[Cue]:
    prepared = []
    for number, cue in enumerate(cues, start=1):
        if looks := looks_like_markup(cue.text):
            target.losses.add(
                "LOOKS_LIKE_MARKUP",
                sentence(
                    "Some players will hide %(text)s, which is text here.", text=repr(looks[:40])
                ),
                f"cue {number}",
            )
        text = _without_arrows(cue.text)
        if text != cue.text:
            target.losses.add("ARROW", "An arrow --> in the text is written as →.", f"cue {number}")
        if (safe := _without_times(text)) != text:
            target.losses.add(
                "LOOKS_LIKE_TIMES",
                "A line that reads as times is written otherwise.",
                f"cue {number}",
            )
        prepared.append(replace(cue, text=safe) if safe != cue.text else cue)
    return prepared


def _write(cues: Sequence[Cue], _: Target) -> bytes:
    items = pysrt.SubRipFile(eol="\n")
    for number, cue in enumerate(cues, start=1):
        place = f"{{\\an{cue.position}}}" if cue.position not in {None, 2} else ""
        items.append(
            pysrt.SubRipItem(
                number,
                pysrt.SubRipTime.from_ordinal(to_ms(cue.start)),
                pysrt.SubRipTime.from_ordinal(to_ms(cue.end)),
                place + cue.text,
            )
        )
    out = io.StringIO()
    items.write_into(out)
    return out.getvalue().encode()


def _without_arrows(text: str) -> str:
    """The arrow of the times may not stand in the text, where readers would take it for one."""
    return _ARROW_IN_TEXT.sub("→", text) if ">" in text else text


def _without_times(text: str) -> str:
    """*text* none of whose lines a reader takes for the times of a cue: their colons are written as ∶ (U+2236)."""
    lines = text.split("\n")
    if ":" not in text:
        return text
    for i, line in enumerate(lines):
        bare = plain(line)
        if (_may_be_times(bare) and _find_times(bare)) or _is_broken_times(
            bare, plain(lines[i - 1]) if i else ""
        ):
            lines[i] = line.replace(":", "∶")
    return "\n".join(lines)


def _read_back(data: bytes) -> list[Shown]:
    shown = []
    blocks = data.decode().removesuffix("\n\n").split("\n\n") if data else []
    for number, block in enumerate(blocks, start=1):
        own, times, *lines = block.split("\n")
        exact = _EXACT.fullmatch(times)
        if own != str(number) or exact is None:
            raise ValueError(f"block {number} begins {block[:80]!r}")
        start, end = (_flicks(*exact.groups()[at : at + 4]) for at in (0, 4))
        text = "\n".join(lines)
        shown.append(Shown(start, end, plain(re.sub(r"\A\{\\an\d\}", "", text))))
    return shown


def _flicks(hours: str, minutes: str, seconds: str, ms: str) -> Flicks:
    return from_ms(((int(hours) * 60 + int(minutes)) * 60 + int(seconds)) * 1000 + int(ms))


FORMAT = Format(
    name="srt",
    extension=".srt",
    media_type="application/x-subrip",
    sniff=_sniff,
    keeps=STYLE | PLACE,
    read=_read,
    prepare=_prepare,
    write=_write,
    read_back=_read_back,
)
