"""Advanced SubStation Alpha (.ass, .ssa): only the words of it.

Fonts, drawings, styles and override commands of an upload never go further: a font in a file
reached FreeType when ffmpeg was given such a file as it was. Events are read by our own hand, line by
line; pysubs2, which takes times that it should refuse and cuts them to hundredths, reads back what is
written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from workflow.sentences import sentence
from workflow.timebase import FLICKS_PER_MS, Flicks, from_ms, to_ms
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
from workflow.tracks.formats.times import TIME, bad_time, read_time
from workflow.tracks.text import TAG, from_markup, looks_like_markup, plain

_SECTION = re.compile(r"\[([^\]]*[a-z][^\]]*)\]\s*")
_ONE_TIME = re.compile(rf"\s*({TIME})\s*")
_COMMENT = re.compile(r"\{[^{}\\]*\}")
_LATE_COMMAND = re.compile(r"\{[^{}\\]+(?=\\[^{}]*\})")
_JOINER = "\u2060"  # keeps a backslash of the text from making a command with what follows

_EVENT = (
    "layer",
    "start",
    "end",
    "style",
    "name",
    "marginl",
    "marginr",
    "marginv",
    "effect",
    "text",
)
_SSA_PLACE = {1: 1, 2: 2, 3: 3, 5: 7, 6: 8, 7: 9, 9: 4, 10: 5, 11: 6}


_FIRST = re.compile(
    r"\s*(?:[;!][^\n]*\n\s*){0,50}(?:\[(?:Script Info|(?:V4\+? )?Styles\+?|Events)\]"
    r"|Dialogue:\s*(?:Marked=)?\d+,\s*\d+:\d\d:\d\d[.:,]\d\d)",
    re.IGNORECASE,
)


def _sniff(text: str) -> bool:
    return _FIRST.match(text) is not None


@dataclass(slots=True)
class _Script:
    """What of the head of a file bears on its events."""

    section: str = ""
    is_old: bool = False  # SSA, ScriptType v4.00: alignments are counted otherwise
    breaks_at_small_n: bool = False  # where \\n is a line break too, and not a space
    style_fields: list[str] = field(default_factory=list)
    event_fields: list[str] = field(default_factory=lambda: list(_EVENT))
    styles: dict[str, tuple[int | None, str]] = field(default_factory=dict)  # place, tags


def _read(source: Source) -> Iterator[RawCue]:
    script = _Script()
    for number, line in enumerate(source.text.split("\n"), start=1):
        if heading := _SECTION.fullmatch(line.strip()):
            script.section = heading[1].lower()
            _note_section(heading[1], number, source)
            continue
        key, _, rest = line.partition(":")
        match script.section, key.strip().lower():
            case "script info", "scripttype":
                script.is_old = script.breaks_at_small_n = rest.strip().lower() == "v4.00"
            case "script info", "wrapstyle":
                script.breaks_at_small_n |= rest.strip() == "2"
            case (("v4 styles" | "v4+ styles"), "format"):
                script.style_fields = _names(rest)
            case (("v4 styles" | "v4+ styles"), "style"):
                _take_style(script, rest)
            case section, "format" if section.endswith("events"):
                script.event_fields = _names(rest)
            case section, "dialogue" if section not in {"fonts", "graphics"}:
                yield from _event(script, rest, number, source)
            case "events", "comment":
                source.losses.add(
                    "COMMENT_DROPPED",
                    sentence("A comment is left out: %(text)s", text=rest[-80:]),
                    f"line {number}",
                )


def _note_section(heading: str, number: int, source: Source) -> None:
    where = f"line {number}"
    match heading.lower():
        case "fonts":
            source.losses.add("FONTS_DROPPED", "Fonts inside the file are left out.", where)
        case "graphics":
            source.losses.add("GRAPHICS_DROPPED", "Pictures inside the file are left out.", where)
        case "v4 styles" | "v4+ styles":
            source.losses.add(
                "STYLES_DROPPED",
                "Fonts, sizes, colours and margins are left out; italics and places are kept.",
                where,
            )


def _names(rest: str) -> list[str]:
    return [name.strip().lower() for name in rest.split(",")]


def _take_style(script: _Script, rest: str) -> None:
    values = dict(zip(script.style_fields, (v.strip() for v in rest.split(",")), strict=False))
    code = int(values["alignment"]) if values.get("alignment", "").isdigit() else 2
    place = _SSA_PLACE.get(code) if script.is_old else code
    tags = "".join(
        f"<{tag}>"
        for tag, name in (("i", "italic"), ("u", "underline"))
        if values.get(name, "0") not in {"", "0"}
    )
    script.styles[values.get("name", "").lstrip("*")] = (
        place if place in range(1, 10) and place != 2 else None,
        tags,
    )


def _event(script: _Script, rest: str, number: int, source: Source) -> Iterator[RawCue]:
    where = f"line {number}"
    values = rest.split(",", len(script.event_fields) - 1)
    if len(values) < len(script.event_fields):
        raise bad_time(number, "has too few fields for an event")
    event = dict(zip(script.event_fields, values, strict=True))
    start, end = (_time(event.get(name, ""), number, source) for name in ("start", "end"))
    if effect := event.get("effect", "").strip():
        source.losses.add(
            "EFFECT_DROPPED",
            sentence("An effect is left out: %(effect)s", effect=effect[:60]),
            where,
        )
    place, tags = script.styles.get(event.get("style", "").strip().lstrip("*"), (None, ""))
    raw = event.get("text", "")
    marked = from_markup(tags + _as_lines(raw, where, source, script.breaks_at_small_n))
    for note in marked.notes:
        if note.code != "TAGS_BALANCED" or not tags:
            source.losses.add(note.code, note.message, where)
    if start == end:  # an editor's way to switch an event off
        shown = " ".join(plain(marked.text).split())[:80]
        source.losses.add(
            "NEVER_SHOWN",
            sentence("An event of no length is left out: %(text)s", text=shown),
            where,
        )
        return
    if not plain(marked.text).strip() and raw.strip():
        source.losses.add("EMPTY_EVENT", "An event without words is left out.", where)
        return
    yield RawCue(
        number, start, end, marked.text, marked.position or place, event.get("name", "").strip()
    )


def _time(written: str, number: int, source: Source) -> Flicks:
    if not (found := _ONE_TIME.fullmatch(written)):
        raise bad_time(number, f"holds {written.strip()[:40]!r}, which is no time")
    return read_time(found[1], number, source.repairs, mark=".", decimals=2, hour_digits=1)


def _as_lines(raw: str, where: str, source: Source, breaks_at_small_n: bool) -> str:
    """Text of an event with its own line breaks and spaces; overrides are still in it."""
    if _COMMENT.search(raw):
        source.losses.add(
            "COMMENT_DROPPED", sentence("A comment is left out: %(text)s", text=raw[:80]), where
        )
        raw = _COMMENT.sub("", raw)
    raw = _LATE_COMMAND.sub(
        "{", raw
    )  # { \pos(1,2)} and {words \i1}: players look for the backslash
    small = "\n" if breaks_at_small_n else " "
    # In overrides a backslash never stands before N, n or h alone; outside they are breaks and space.
    parts = re.split(r"(\{[^{}]*\})", raw)
    for i in range(0, len(parts), 2):
        text = parts[i].replace("\\N", "\n").replace("\\n", small).replace("\\h", "\u00a0")
        parts[i] = text.replace(f"\\{_JOINER}", "\\")
    return "".join(parts)


_HEAD = """[Script Info]
ScriptType: v4.00+
WrapStyle: 2
ScaledBorderAndShadow: yes
PlayResX: 1920
PlayResY: 1080

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding
Style: Default,Noto Sans,58,&H00FFFFFF,&H00FFFFFF,&H00000000,&H80000000,0,0,0,0,100,100,0,0,1,3,1,2,96,96,58,1

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""


def _prepare(cues: Sequence[Cue], target: Target) -> list[Cue]:
    prepared = []
    for number, cue in enumerate(cues, start=1):
        text = cue.text.replace("{", "(").replace("}", ")")
        if looks := looks_like_markup(text):
            target.losses.add(
                "LOOKS_LIKE_MARKUP",
                sentence(
                    "Some players will hide %(text)s, which is text here.", text=repr(looks[:40])
                ),
                f"cue {number}",
            )
        if text != cue.text:
            target.losses.add("BRACES", "Braces are written as ( and ).", f"cue {number}")
        name = " ".join(cue.speaker.replace(",", " ").split())
        if name != cue.speaker:
            target.losses.add(
                "SPEAKER_SIGNS", "Commas of the speaker's name are not written.", f"cue {number}"
            )
        position = (
            cue.position if plain(text).strip() else None
        )  # a place alone is no event to anybody
        if cue.position not in {position, 2}:
            target.losses.add(
                "POSITION", "The place of an empty cue is not written.", f"cue {number}"
            )
        prepared.append(replace(cue, text=text, speaker=name, position=position))
    return prepared


def _write(cues: Sequence[Cue], _: Target) -> bytes:
    lines = []
    for cue in cues:
        place = f"{{\\an{cue.position}}}" if cue.position not in {None, 2} else ""
        text = TAG.sub(_override, _safe(cue.text)).replace("\n", "\\N")
        times = f"{_stamp(cue.start)},{_stamp(cue.end)}"
        lines.append(f"Dialogue: 0,{times},Default,{cue.speaker},0,0,0,,{place}{text}\n")
    return (_HEAD + "".join(lines)).encode()


def _override(tag: re.Match[str]) -> str:
    name = tag[0].strip("</>")
    return f"{{\\{name}{0 if tag[0].startswith('</') else 1}}}"


def _safe(text: str) -> str:
    """Text that no renderer takes for a command."""
    return re.sub(r"\\(?=[Nnh{])", rf"\\{_JOINER}", text)


def _stamp(time: Flicks) -> str:
    """``H:MM:SS.cc``, rounded down."""
    cs = to_ms(time) // 10
    return f"{cs // 360_000}:{cs // 6000 % 60:02d}:{cs // 100 % 60:02d}.{cs % 100:02d}"


def _read_back(data: bytes) -> list[Shown]:
    import pysubs2  # noqa: PLC0415  only a file of this format needs it

    script = pysubs2.SSAFile.from_string(data.decode(), format_="ass")
    return [
        Shown(
            from_ms(event.start),
            from_ms(event.end),
            re.sub(r"\{[^}]*\}", "", event.text).replace("\\N", "\n").replace(_JOINER, ""),
        )
        for event in script.events
    ]


FORMAT = Format(
    name="ass",
    extension=".ass",
    media_type="text/x-ssa",
    grid=10 * FLICKS_PER_MS,
    sniff=_sniff,
    keeps=STYLE | PLACE | SPEAKER,
    read=_read,
    prepare=_prepare,
    write=_write,
    read_back=_read_back,
)
