"""The text of a cue: its markup, what of foreign markup is kept, and how it is counted.

The only markup inside is ``<i>``, ``<b>``, ``<u>`` and their ends; any other ``<`` is a character
like the rest. There is no escaping, so text that only *looks* like one of the six tags cannot be
held: readers write it with ``‹ ›`` and say so.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

from workflow.sentences import sentence

TAG = re.compile(r"</?[ibu]>")

# Names of HTML and WebVTT that are markup wherever they stand; anything else in < > is text.
_KNOWN = (
    "a|abbr|audio|b|base|big|blink|body|bold|br|button|c|center|code|div|em|embed|font|form|frame|h[1-6]|head|"
    "html|hr|i|iframe|img|input|italic|lang|link|meta|object|p|rt|ruby|s|script|small|source|span|strike|strong|"
    "style|sub|sup|svg|table|td|textarea|title|tr|tt|u|underline|v|video"
)
OVERRIDE = re.compile(r"\{\\[^{}]*\}")  # {\an8}, {\i1}, {\pos(…)}
# Compiled when one is met, which is seldom: that takes longer than reading a file that has none.
_KNOWN_TAG = rf"(?i)<(/?)({_KNOWN})(?=[\s>/.])([^<>]*)>"
_DRAWING = r"(?s)\{[^{}]*\\p[1-9]\d*[^{}]*\}.*?(?:\{[^{}]*\\p0[^{}]*\}|\Z)"
_ALIGN = r"\\an([1-9])(?!\d)"
_SWITCH = r"(?i)\\([ibu])(0|1|[1-9]00)?(?![0-9a-z])"


class Note(NamedTuple):
    """Something that was changed while text came in or went out."""

    code: str
    message: str


class Marked(NamedTuple):
    """Foreign text as ours: the six tags only, balanced; the numpad place if it named one; what was changed."""

    text: str
    position: int | None
    notes: tuple[Note, ...]


def plain(text: str) -> str:
    """Without the six tags."""
    return TAG.sub("", text) if "<" in text else text


def lines_of(text: str) -> list[str]:
    return text.split("\n")


def count_characters(text: str) -> int:
    """Characters that a viewer reads: the one count of the editor, the checks and the export.

    NFC, tags and ``{\\…}`` dropped, zero-width and direction marks dropped, then grapheme clusters;
    a space and a punctuation mark count 1, a line break 0. Source: Subtitle Edit's CalcAll.
    """
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    text = plain(text)
    if "{" in text:
        text = OVERRIDE.sub("", text)
    if text.isascii():
        return len(text) - text.count("\n")
    return sum(len(_clusters(line)) for line in text.split("\n"))


_ZERO_WIDTH = frozenset("\u200b\u200c\u2060\ufeff\u00ad\u200e\u200f\u061c") | frozenset(
    chr(c) for c in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
)


def _clusters(line: str) -> list[str]:
    """Extended grapheme clusters of the scripts that subtitles use (Unicode UAX 29, simplified: no Hangul jamo)."""
    clusters: list[str] = []
    joined = False
    flag_half = False
    for char in line:
        if char in _ZERO_WIDTH:
            continue
        code = ord(char)
        extends = (
            char == "\u200d"
            or 0xFE00 <= code <= 0xFE0F
            or 0x1F3FB <= code <= 0x1F3FF
            or unicodedata.category(char) in {"Mn", "Me", "Mc"}
        )
        is_flag = 0x1F1E6 <= code <= 0x1F1FF
        if clusters and (extends or joined or (flag_half and is_flag)):
            clusters[-1] += char
            flag_half = False
        else:
            clusters.append(char)
            flag_half = is_flag
        joined = char == "\u200d"
    return clusters


def balance(text: str) -> tuple[str, bool]:
    """*text* with every tag closed in order, and whether that changed anything.

    An end without a start goes; a start without an end is closed at the end of the text; crossed
    tags are closed and opened again, so that what was italic stays italic.
    """
    if "<" not in text:
        return text, False
    out: list[str] = []
    open_tags: list[str] = []
    last = 0
    for found in TAG.finditer(text):
        out.append(text[last : found.start()])
        last = found.end()
        name = found[0].strip("</>")
        if not found[0].startswith("</"):
            if name not in open_tags:
                open_tags.append(name)
                out.append(found[0])
        elif name in open_tags:
            inner = open_tags[open_tags.index(name) + 1 :]
            out.extend(f"</{tag}>" for tag in reversed(inner))
            out.append(found[0])
            out.extend(f"<{tag}>" for tag in inner)
            open_tags.remove(name)
    out.append(text[last:])
    out.extend(f"</{tag}>" for tag in reversed(open_tags))
    balanced = "".join(out)
    # A pair that holds nothing is left over where crossed tags met.
    while (thinner := re.sub(r"<([ibu])></\1>", "", balanced)) != balanced:
        balanced = thinner
    return balanced, balanced != text


def from_markup(raw: str) -> Marked:
    """Text of an SRT or ASS cue, with HTML-like tags and ``{\\…}`` overrides, as ours.

    Kept: i, b, u (as tags or overrides) and ``{\\anN}`` as the position. Any other tag of HTML and any
    other override is taken out and named in a note; what stood between tags stays. A drawing
    (``{\\p1}…``) goes with its points, which are no text. Braces and ``<`` that are neither stay as they are.
    """
    notes: list[Note] = []
    position: int | None = None
    text = raw
    if "{" in text:
        if drawing := re.search(_DRAWING, text):
            notes.append(
                Note(
                    "DRAWING_DROPPED",
                    sentence("A drawing was taken out: %(drawing)s", drawing=_short(drawing[0])),
                )
            )
            text = re.sub(_DRAWING, "", text)
        if align := re.search(_ALIGN, text):
            position = int(align[1])
        text = OVERRIDE.sub(lambda found: _from_override(found[0], notes), text)
    if "<" in text:
        text = re.sub(_KNOWN_TAG, lambda found: _from_tag(found, notes), text)
    text, changed = balance(text)
    if changed:
        notes.append(
            Note(
                "TAGS_BALANCED",
                sentence("Tags were closed or removed in: %(text)s", text=_short(raw)),
            )
        )
    return Marked(text, position, tuple(notes))


def _from_override(block: str, notes: list[Note]) -> str:
    """Our tags for what a block of commands leaves switched on and off; ``\\r`` switches all off."""
    rest = re.sub(_ALIGN, "", block)
    states: dict[str, bool] = {}
    reset = rest.rfind("\\r")
    if reset >= 0:
        states = {"i": False, "b": False, "u": False}
    for found in re.finditer(_SWITCH, rest[max(reset, 0) :]):
        value = found[2] or ""
        # \b takes weights too: 400 is regular, 700 bold.
        on = value not in {"", "0"} and not (value.endswith("00") and int(value) < 600)
        states[found[1].lower()] = on
    if re.sub(_SWITCH, "", rest).strip("{}\\ "):
        notes.append(
            Note(
                "OVERRIDE_DROPPED",
                sentence("Style commands were taken out: %(commands)s", commands=_short(block)),
            )
        )
    return "".join(f"<{'' if on else '/'}{name}>" for name, on in states.items())


def _from_tag(found: re.Match[str], notes: list[Note]) -> str:
    end, name, rest = found[1], found[2].lower(), found[3].strip(" /")
    name = {"bold": "b", "italic": "i", "underline": "u"}.get(name, name)
    if name in {"i", "b", "u"}:
        if rest:
            notes.append(
                Note(
                    "TAG_DROPPED",
                    sentence("Attributes were taken out of %(tag)s", tag=_short(found[0])),
                )
            )
        return f"<{end}{name}>"
    notes.append(
        Note("TAG_DROPPED", sentence("A tag was taken out: %(tag)s", tag=_short(found[0])))
    )
    return "\n" if name == "br" and not end else ""


class Run(NamedTuple):
    """A piece of one line that looks the same throughout."""

    text: str
    style: frozenset[str] = frozenset()  # of "i", "b", "u"


def runs_of(text: str) -> list[list[Run]]:
    """Lines of *text*, each as its runs in order; an empty line has none."""
    lines: list[list[Run]] = [[]]
    style: frozenset[str] = frozenset()
    last = 0

    def take(piece: str) -> None:
        for i, part in enumerate(piece.split("\n")):
            if i:
                lines.append([])
            if part and lines[-1] and lines[-1][-1].style == style:
                lines[-1][-1] = Run(lines[-1][-1].text + part, style)
            elif part:
                lines[-1].append(Run(part, style))

    for found in TAG.finditer(text):
        take(text[last : found.start()])
        last = found.end()
        name = frozenset(found[0].strip("</>"))
        style = style - name if found[0].startswith("</") else style | name
    take(text[last:])
    return lines


def from_runs(lines: Iterable[Iterable[Run]]) -> str:
    """Text with the fewest tags that give those runs: what is italic in two lines is tagged once."""
    out: list[str] = []
    open_tags: list[str] = []
    breaks = ""
    for i, line in enumerate(lines):
        breaks += "\n" if i else ""
        for run in line:
            if not run.text:
                continue
            kept = 0
            while kept < len(open_tags) and open_tags[kept] in run.style:
                kept += 1
            out.extend(f"</{name}>" for name in reversed(open_tags[kept:]))
            del open_tags[kept:]
            out.append(breaks)
            breaks = ""
            for name in sorted(run.style - set(open_tags)):
                open_tags.append(name)
                out.append(f"<{name}>")
            out.append(run.text)
    out.extend(f"</{name}>" for name in reversed(open_tags))
    return "".join([*out, breaks])


def whole_line_styles(text: str, keep: frozenset[str]) -> tuple[list[Run], bool]:
    """Each line as one run, in the styles of *keep* that cover all of it, and whether that loses any style.

    For formats whose style codes hold for a line: spaces at its ends need no style.
    """
    out = []
    lost = False
    for line in runs_of(text):
        seen = [run.style for run in line if run.text.strip()]
        common = frozenset.intersection(*seen) & keep if seen else frozenset()
        lost |= any(style != common for style in seen)
        out.append(Run("".join(run.text for run in line), common))
    return out, lost


def looks_like_markup(text: str) -> str:
    """What of *text* is no markup here, but is taken for some by `from_markup` and many a player; "" if nothing."""
    tag = re.search(_KNOWN_TAG, TAG.sub("", text)) if "<" in text else None
    found = tag or OVERRIDE.search(text)
    return found[0] if found else ""


def as_text(text: str) -> str:
    """*text* that holds no markup, kept from being read as some: ``<i>`` becomes ``‹i›``."""
    return TAG.sub(lambda found: f"‹{found[0][1:-1]}›", text)


def _short(text: str, most: int = 60) -> str:
    one_line = " ".join(text[: most * 4].split())
    return one_line if len(one_line) <= most else one_line[: most - 1] + "…"
