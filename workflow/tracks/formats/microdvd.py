"""MicroDVD (.sub): ``{25}{75}Text|second line``. It counts frames and mostly does not say of which rate.

Without a frame rate it is refused, never guessed: at 25 instead of 23.976 a film's last cue comes four
minutes early. A first line ``{1}{1}23.976`` states the rate the file was made for; the film's own,
if it is known, goes before it, because frames belong to frames.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction

from workflow.errors import BadInput
from workflow.sentences import sentence
from workflow.timebase import FrameGrid, from_ms, parse_rate
from workflow.tracks.cues import Cue
from workflow.tracks.formats.codec import STYLE, Format, RawCue, Shown, Source, Target
from workflow.tracks.text import (
    Run,
    from_markup,
    from_runs,
    looks_like_markup,
    runs_of,
    whole_line_styles,
)

_LINE = re.compile(r"\s*\{[ ]*(-?\d{1,9})[ ]*\}[ ]*\{[ ]*(-?\d{0,9})[ ]*\}(.*)")
_RATE = re.compile(r"\s*\d+(?:[.,]\d+)?\s*(?:fps)?\s*", re.IGNORECASE)
_CODE = re.compile(r"\{([A-Za-z]):([^{}]*)\}|\{DEFAULT\}")
_LIKE_A_CODE = re.compile(r"\{(?=[A-Za-z]:|\\|DEFAULT\})([^{}]*)\}?")
_STYLES = frozenset("ibu")


def _sniff(text: str) -> bool:
    return any(_LINE.fullmatch(line) for line in text.lstrip("\n").split("\n", 3)[:3])


def _read(source: Source) -> Iterator[RawCue]:
    rate = source.frame_rate
    stated: Fraction | None = None
    for number, line in enumerate(source.text.split("\n"), start=1):
        where = f"line {number}"
        if not (found := _LINE.fullmatch(line)):
            if line.strip():
                source.losses.add(
                    "TEXT_WITHOUT_TIME",
                    sentence("Belongs to no cue, left out: %(text)s", text=line.strip()[:200]),
                    where,
                )
            continue
        if stated is None and number <= 3 and _states_rate(found):
            stated = parse_rate(found[3].lower().replace("fps", "").replace(",", ".").strip())
            if rate is None:
                rate = stated
                source.repairs.add(
                    "FRAME_RATE",
                    sentence("The file says that it counts %(rate)s a second.", rate=str(rate)),
                )
            elif rate != stated:
                source.repairs.add(
                    "FRAME_RATE",
                    sentence(
                        "The file says %(stated)s frames a second; read with %(rate)s.",
                        stated=str(stated),
                        rate=str(rate),
                    ),
                )
            continue
        if rate is None:
            raise BadInput(
                "FRAME_RATE",
                "This is MicroDVD, which counts frames and does not say how many a second.",
                where=where,
                advice="Name the film's frame rate, on the command line with --fps.",
            )
        grid = FrameGrid(rate)
        start = grid.time_of(int(found[1]))
        end = grid.time_of(int(found[2])) if found[2].strip("-") else None
        marked = from_markup(_as_ours(found[3], where, source))
        for note in marked.notes:
            source.losses.add(note.code, note.message, where)
        yield RawCue(number, start, end, marked.text, marked.position)


def _states_rate(found: re.Match[str]) -> bool:
    same = found[1] in {"0", "1"} and found[2] in {"0", "1", ""}
    return same and bool(_RATE.fullmatch(found[3])) and float(_rate_text(found[3])) > 0


def _rate_text(written: str) -> str:
    return written.lower().replace("fps", "").replace(",", ".").strip()


def _as_ours(raw: str, where: str, source: Source) -> str:
    """Text with our tags for ``{y:i}`` (one line) and ``{Y:i}`` (from here on)."""
    lasting: frozenset[str] = frozenset()
    lines = []
    for line in raw.split("|"):
        style = lasting
        for code in _CODE.finditer(line):
            if (code[1] or "").lower() == "y":
                wanted = frozenset(code[2].lower()) & _STYLES
                style |= wanted
                if code[1] == "Y":
                    lasting |= wanted
                if set(code[2].lower()) - set("ibu, "):
                    source.losses.add(
                        "TAG_DROPPED",
                        sentence("Style left out: %(code)s", code=code[0][:60]),
                        where,
                    )
            else:
                source.losses.add(
                    "TAG_DROPPED",
                    sentence("A code was taken out: %(code)s", code=code[0][:60]),
                    where,
                )
        lines.append([Run(run.text, run.style | style) for run in runs_of(_CODE.sub("", line))[0]])
    return from_runs(lines)


def _prepare(cues: Sequence[Cue], target: Target) -> list[Cue]:
    prepared = []
    for number, cue in enumerate(cues, start=1):
        where = f"cue {number}"
        lines, lost = whole_line_styles(cue.text, _STYLES)
        if lost:
            target.losses.add("STYLING_PART", "Styles of a part of a line are not written.", where)
        safe = [_LIKE_A_CODE.sub(r"(\1)", line.text).replace("|", "¦") for line in lines]
        if safe != [line.text for line in lines]:
            target.losses.add(
                "BRACES", "What looks like a code is written with ( ), | as ¦.", where
            )
        tight = [Run(text.strip(" "), line.style) for text, line in zip(safe, lines, strict=True)]
        if [run.text for run in tight] != safe:
            target.losses.add("SPACES", "Spaces at the ends of lines are not written.", where)
        if looks := looks_like_markup(from_runs([line] for line in tight)):
            target.losses.add(
                "LOOKS_LIKE_MARKUP",
                sentence(
                    "Some players will hide %(text)s, which is text here.", text=repr(looks[:40])
                ),
                f"cue {number}",
            )
        prepared.append(replace(cue, text=from_runs([line] for line in tight)))
    return prepared


def _write(cues: Sequence[Cue], target: Target) -> bytes:
    assert target.frame_rate is not None  # noqa: S101 (the package refuses without it)
    grid = FrameGrid(target.frame_rate)
    rows = [f"{{1}}{{1}}{float(target.frame_rate):.6g}\n"]
    for cue in cues:
        start = grid.frame_at(grid.snap(cue.start))
        end = max(grid.frame_at(grid.snap(cue.end)), start + 1)
        lines, _ = whole_line_styles(cue.text, _STYLES)
        text = "|".join(
            (f"{{y:{','.join(sorted(line.style))}}}" if line.style else "") + line.text
            for line in lines
        )
        rows.append(f"{{{start}}}{{{end}}}{text}\n")
    return "".join(rows).encode()


_EMPTY = "\u2060"  # pysubs2 leaves out cues without text
_BACKSLASH = "\ue000"  # and its own line break begins with one


def _read_back(data: bytes) -> list[Shown]:
    text = data.decode()
    rate = parse_rate(text[text.index("}", 4) + 1 : text.index("\n")])
    filled = re.sub(r"(?m)^(\{\d+\}\{\d+\})$", rf"\1{_EMPTY}", text.replace("\\", _BACKSLASH))
    import pysubs2  # noqa: PLC0415  only a file of this format needs it

    events = pysubs2.SSAFile.from_string(filled, format_="microdvd", fps=float(rate)).events[1:]
    return [
        Shown(
            FrameGrid(rate).snap(from_ms(event.start)),
            FrameGrid(rate).snap(from_ms(event.end)),
            re.sub(r"\{\\[ibu]1[^}]*\}", "", event.text)
            .replace("\\N", "\n")
            .replace(_EMPTY, "")
            .replace(_BACKSLASH, "\\"),
        )
        for event in events
    ]


FORMAT = Format(
    name="microdvd",
    extension=".sub",
    media_type="text/plain",
    aliases=("sub",),
    grid=None,
    keeps=STYLE,
    sniff=_sniff,
    is_ours=lambda text: re.match(r"\{1\}\{1\}[\d.]+\n", text) is not None,
    read=_read,
    prepare=_prepare,
    write=_write,
    read_back=_read_back,
)
