"""WebVTT (.vtt): the browser's format (W3C WebVTT).

Text is decoded and written by our own hand, because libraries leave entities undecoded or take
``5 < 6`` for a tag; webvtt-py reads back what is written. Styles, regions, comments and classes
cannot be held by a cue: each is named in the losses.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from workflow.sentences import sentence
from workflow.timebase import from_ms
from workflow.tracks import limits
from workflow.tracks.cues import Cue
from workflow.tracks.formats.codec import (
    PLACE,
    SPEAKER,
    STYLE,
    Format,
    RawCue,
    Shown,
    Source,
    Target,
)
from workflow.tracks.formats.times import MINUTES, TIME, bad_time, read_time, write_time
from workflow.tracks.text import TAG, as_text, balance, plain

_ONE = rf"(?:{TIME}|{MINUTES})"
_TIMES = re.compile(rf"\s*({_ONE})\s*-->\s*({_ONE})(?:(\s+|(?=[a-z]))(.*))?")
_MEANT_AS_TIMES = re.compile(r"\d\s*-->|-->\s*-?\d|\d[:.]\d.*-->|-->.*\d[:.]\d|\S\s+-->\s+\S")
_TOKEN = re.compile(r"<(/?)([a-zA-Z]*)([^<>]*)>")
_NUMBER = re.compile(r"\s*\d{1,6}\s*")


def _sniff(text: str) -> bool:
    return re.match(r"\s*WEBVTT(?:\s|$)", text) is not None


@dataclass(frozen=True, slots=True)
class _Block:
    """Lines between two blank lines."""

    line: int  # of the first, from 1
    lines: list[str]


def _blocks(text: str) -> Iterator[_Block]:
    lines: list[str] = []
    number = 0
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            lines.append(line)
        elif lines:
            yield _Block(number - len(lines), lines)
            lines = []
    if lines:
        yield _Block(number - len(lines) + 1, lines)


_LOST_BLOCKS = {"STYLE": "STYLE_DROPPED", "REGION": "REGION_DROPPED", "NOTE": "NOTE_DROPPED"}


def _left_out(kind: str, text: str) -> str:
    if kind == "STYLE":
        return sentence("A style sheet is left out: %(text)s", text=text)
    if kind == "REGION":
        return sentence("A region is left out: %(text)s", text=text)
    return sentence("A comment is left out: %(text)s", text=text)


def _read(source: Source) -> Iterator[RawCue]:
    held: RawCue | None = None
    began_empty = False  # its text stands below a blank line
    for order, block in enumerate(_blocks(source.text)):
        where = f"line {block.line}"
        limits.refuse_too_many(order // 4, where=where)  # comments and the like count a quarter
        lines, first = block.lines, block.line
        if order == 0:  # WEBVTT and what follows it
            # A file without the blank line after the header has its first cue here.
            at = next((i for i, line in enumerate(lines) if i and _are_times(line)), None)
            head = lines if at is None else lines[: max(1, at - 1)]
            rest = " ".join(" ".join(head).split())[6:].strip()
            if rest:
                source.losses.add(
                    "HEADER_DROPPED",
                    sentence("Left out of the header: %(text)s", text=rest[:80]),
                    where,
                )
            if at is None:
                continue
            source.repairs.add("MISSING_BLANK_LINE", "No blank line after the header.", where)
            lines, first = lines[len(head) :], first + len(head)
        kind = lines[0].split(maxsplit=1)[0]
        if kind in _LOST_BLOCKS and not _TIMES.fullmatch(lines[0]):
            shown = " ".join(" ".join(lines).split())[:80]
            source.losses.add(_LOST_BLOCKS[kind], _left_out(kind, shown), where)
            continue
        if held and began_empty and not any(_are_times(line) for line in lines):
            source.repairs.add(
                "BLANK_LINE_IN_CUE",
                "A blank line inside the cue was closed up.",
                f"line {held.line}",
            )
            text, speaker = _text(lines, first, source)
            joined = f"{held.text}\n{text}".strip("\n")
            held = held._replace(text=joined, speaker=held.speaker or speaker)
            continue
        for cue in _cues(lines, first, source):
            if held:
                yield held
            held, began_empty = cue, not cue.text.strip()
    if held:
        yield held


def _are_times(line: str) -> bool:
    """Whether a line is, or was to be, the times of a cue; a name or a comment may hold an arrow too."""
    return "-->" in line and _MEANT_AS_TIMES.search(line) is not None


def _cues(lines: list[str], first: int, source: Source) -> Iterator[RawCue]:
    """The cue of one block; several where the blank lines between them are missing."""
    starts = [i for i, line in enumerate(lines) if _are_times(line)]
    if not starts:
        text = " ".join(" ".join(lines).split())
        source.losses.add(
            "TEXT_WITHOUT_TIME",
            sentence("Belongs to no cue, left out: %(text)s", text=text[:200]),
            f"line {first}",
        )
        return
    for i, start in enumerate(starts):
        line = first + start
        name = lines[start - 1].strip() if start and start - 1 not in starts else ""
        if (i == 0 or "-->" in name) and name and not _NUMBER.fullmatch(name):
            source.losses.add(
                "CUE_ID",
                sentence("The name of the cue is left out: %(name)s", name=name[:80]),
                f"line {line}",
            )
        found = _TIMES.fullmatch(lines[start])
        if not found:
            raise bad_time(line, f"is not a pair of times: {lines[start].strip()[:80]}")
        begin, end = (
            read_time(found[n], line, source.repairs, mark=".", needs_hours=False) for n in (1, 2)
        )
        if found[3] == "":
            source.repairs.add("TIME_FORM", "No space between times and place.", f"line {line}")
        stop = below = starts[i + 1] if i + 1 < len(starts) else len(lines)
        above = lines[stop - 1]
        if (
            i + 1 < len(starts)
            and stop > start + 1
            and (_NUMBER.fullmatch(above) or "-->" in above)
        ):
            below = stop - 1  # the number or name of the cue that comes next
        if i + 1 < len(starts):
            source.repairs.add(
                "MISSING_BLANK_LINE", "No blank line before the cue.", f"line {first + stop}"
            )
        text, speaker = _text(lines[start + 1 : below], line, source)
        yield RawCue(line, begin, end, text, _position(found[4] or "", line, source), speaker)


def _text(lines: list[str], line: int, source: Source) -> tuple[str, str]:
    """Our text, and the voice that speaks it."""
    where = f"line {line}"
    speaker = ""
    parts: list[str] = []
    last = 0
    raw = "\n".join(lines)
    limits.refuse_long_source(raw, where=where)
    for found in _TOKEN.finditer(raw):
        end, name, rest = found[1], found[2].lower(), found[3]
        if not name and not rest[:1].isdigit():
            continue  # "5 < 6, 7 > 2": written without &lt;, but text
        parts.append(_literal(raw[last : found.start()], where, source))
        last = found.end()
        if name in {"i", "b", "u"} and (not rest or rest[0] in ". \t"):
            parts.append(f"<{end}{name}>")
            if rest:
                source.losses.add(
                    "TAG_DROPPED",
                    sentence("Classes taken out of %(tag)s", tag=found[0][:60]),
                    where,
                )
        elif name == "v" and not end and not speaker:
            speaker = html.unescape(re.sub(r"^(?:\.\S*)?\s*", "", rest)).strip()
        elif name != "v":
            source.losses.add(
                "TAG_DROPPED", sentence("A tag was taken out: %(tag)s", tag=found[0][:60]), where
            )
    parts.append(_literal(raw[last:], where, source))
    text, changed = balance("".join(parts))
    if changed:
        source.losses.add("TAGS_BALANCED", "Tags were closed or removed.", where)
    return text, speaker


def _literal(raw: str, where: str, source: Source) -> str:
    decoded = html.unescape(raw)  # as browsers do, who let the semicolon of the old names go
    text = as_text(decoded)
    if text != decoded:
        source.repairs.add("TAG_AS_TEXT", "Text that looks like a tag got ‹ › marks.", where)
    return text


_LINE = re.compile(r"\bline:(-?\d+(?:\.\d+)?)(%?)")
_ALIGN = re.compile(r"\balign:(start|left|end|right)\b")


def _position(settings: str, line: int, source: Source) -> int | None:
    """Numpad place of cue settings; what they say more exactly is lost."""
    row = 0  # 0 bottom, 1 middle, 2 top
    if found := _LINE.search(settings):
        value = float(found[1])
        if found[2]:
            row = 2 if value < 34 else 1 if value < 67 else 0
        else:
            row = 2 if 0 <= value < 6 else 0
    column = {"start": 1, "left": 1, "end": 3, "right": 3}.get(
        found[1] if (found := _ALIGN.search(settings)) else "", 2
    )
    position = row * 3 + column
    if settings.strip() and settings.strip() != _settings(position):
        source.losses.add(
            "SETTINGS",
            sentence("Place kept roughly of: %(settings)s", settings=settings.strip()[:80]),
            f"line {line}",
        )
    return None if position == 2 else position


def _settings(position: int | None) -> str:
    """Cue settings of a numpad place."""
    row, column = divmod((position or 2) - 1, 3)
    line = ("", "line:50%", "line:0%")[row]
    align = ("position:0% align:start", "", "position:100% align:end")[column]
    return f"{line} {align}".strip()


def _write(cues: Sequence[Cue], target: Target) -> bytes:
    blocks = ["WEBVTT\n"]
    for number, cue in enumerate(cues, start=1):
        times = f"{write_time(cue.start, mark='.')} --> {write_time(cue.end, mark='.')}"
        settings = _settings(cue.position)
        voice = f"<v {html.escape(cue.speaker, quote=False)}>" if cue.speaker else ""
        blocks.append(f"{number}\n{times} {settings}".rstrip() + f"\n{voice}{_escaped(cue.text)}\n")
    return "\n".join(blocks).encode()


def _escaped(text: str) -> str:
    """Markup as it is, all else with entities; so no ``-->`` is left either."""
    out: list[str] = []
    last = 0
    for found in TAG.finditer(text):
        out += [html.escape(text[last : found.start()], quote=False), found[0]]
        last = found.end()
    return "".join([*out, html.escape(text[last:], quote=False)])


def _read_back(data: bytes) -> list[Shown]:
    import webvtt  # noqa: PLC0415  only a file of this format needs it

    captions = webvtt.WebVTT.from_string(data.decode(), strict=True).captions
    return [
        Shown(
            _flicks(one.start),
            _flicks(one.end),
            html.unescape(plain(re.sub(r"\A<v [^>]*>", "", one.raw_text))),
        )
        for one in captions
    ]


def _flicks(written: str) -> int:
    hours, minutes, seconds = written.split(":")
    whole, ms = seconds.split(".")
    return from_ms(((int(hours) * 60 + int(minutes)) * 60 + int(whole)) * 1000 + int(ms))


FORMAT = Format(
    name="vtt",
    extension=".vtt",
    media_type="text/vtt",
    sniff=_sniff,
    keeps=STYLE | PLACE | SPEAKER,
    read=_read,
    write=_write,
    read_back=_read_back,
)
