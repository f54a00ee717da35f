"""TTML (.ttml, .dfxp, .itt, .xml): the XML of broadcasters and streaming, written as IMSC 1.1 text.

Files are read by our own hand: ttconv, which is strict, leaves out with a line in its log what it does
not understand, and knows one namespace of the five in use. It reads back what is written here.
Sources: W3C TTML2, W3C IMSC 1.1.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from xml.etree import ElementTree as ET

from workflow.errors import BadInput
from workflow.sentences import sentence
from workflow.timebase import Flicks, from_seconds, nominal_rate
from workflow.tracks.cues import Cue
from workflow.tracks.formats import xml
from workflow.tracks.formats.codec import WHOLE, Format, RawCue, Shown, Source, Target
from workflow.tracks.formats.times import bad_time, write_time
from workflow.tracks.text import Run, as_text, from_runs, runs_of


def _sniff(text: str) -> bool:
    return "<" in text[:8000] and xml.sniff_root(text, "tt")


@dataclass(slots=True)
class _Times:
    """How a file counts: what its ``ttp:`` parameters say."""

    frame_rate: Fraction
    nominal: int
    tick_rate: Fraction
    is_smpte: bool
    drops: bool
    source: Source
    says_rate: bool
    told: bool = False
    from_zero: bool = (
        False  # times inside a timed element count from the film's start, not from its own
    )
    by_word: bool = False  # spans are single words of a line that is shown whole

    _CLOCK = re.compile(
        r"(-?)(\d{1,5}):(\d{1,2}):(\d{1,2})(?:([.,])(\d+)|[:;](\d{1,3})(?:\.(\d+))?)?"
    )
    _SHORT = re.compile(r"(\d{1,4}):(\d{1,2}(?:\.\d+)?)")  # 3:58.640, of Apple's lyrics
    _OFFSET = re.compile(r"(-?)(\d+(?:\.\d+)?)(h|ms|m|s|f|t)?")

    def read(self, written: str, line: int) -> Flicks:
        """Flicks of a time expression. Raises BadInput BAD_TIME."""
        written = written.strip()
        if found := self._CLOCK.fullmatch(written):
            return self._clock(found, line, written)
        if (found := self._SHORT.fullmatch(written)) and Fraction(found[2]) < 60:
            self.source.repairs.add(
                "TIME_FORM",
                sentence("%(written)s has no hours.", written=repr(written)),
                f"line {line}",
            )
            return from_seconds(int(found[1]) * 60 + Fraction(found[2]))
        if found := self._OFFSET.fullmatch(written):
            number, unit = Fraction(found[2]), found[3]
            if unit is None:
                self.source.repairs.add(
                    "TIME_FORM",
                    sentence("%(written)s has no unit; read as seconds.", written=repr(written)),
                    f"line {line}",
                )
            if unit == "f":
                self._uses_frames(line)
            seconds = {
                "h": number * 3600,
                "m": number * 60,
                "ms": number / 1000,
                "f": number / self.frame_rate,
                "t": number / self.tick_rate,
            }.get(unit or "s", number)
            time = from_seconds(seconds)
            return -time if found[1] else time
        raise bad_time(line, f"holds {written[:40]!r}, which is no time")

    def _clock(self, found: re.Match[str], line: int, written: str) -> Flicks:
        sign, hours, minutes, seconds, mark, digits, frames, _ = found.groups()
        if int(minutes) > 59 or int(seconds) > 59:
            raise bad_time(line, f"holds {written!r}: minutes and seconds end at 59")
        if mark == ",":
            self.source.repairs.add(
                "DECIMAL_MARK",
                sentence("%(written)s has no '.' before the fraction.", written=repr(written)),
                f"line {line}",
            )
        whole = int(hours) * 3600 + int(minutes) * 60 + int(seconds)
        if frames is None and not self.is_smpte:
            fraction = Fraction(int(digits), 10 ** len(digits)) if digits else Fraction(0)
            time = from_seconds(whole + fraction)
        else:
            self._uses_frames(line)
            number = int(frames or 0)
            if number >= self.nominal:
                raise bad_time(line, f"holds {written!r}: frames end at {self.nominal - 1}")
            if self.is_smpte:
                count = whole * self.nominal + number - self._dropped(whole // 60)
                time = from_seconds(count / self.frame_rate)
            else:
                time = from_seconds(whole + number / self.frame_rate)
        return -time if sign else time

    def _dropped(self, minutes: int) -> int:
        """Frame numbers that drop-frame counting has left out until then (SMPTE ST 12-1)."""
        return (2 * self.nominal // 30) * (minutes - minutes // 10) if self.drops else 0

    def _uses_frames(self, line: int) -> None:
        if not self.says_rate and not self.told:
            self.told = True
            self.source.repairs.add(
                "FRAME_RATE",
                sentence(
                    "The file counts frames and does not say of which rate; read with %(rate)s.",
                    rate=str(self.frame_rate),
                ),
                f"line {line}",
            )


def _times_of(root: ET.Element, source: Source) -> _Times:
    said = xml.attributes(root)
    rate, nominal = Fraction(30), 30  # the standard's own default
    says_rate = _number(said.get("frameRate", "")) > 0
    if says_rate:
        nominal = int(_number(said["frameRate"])) or 1
        rate = Fraction(_number(said["frameRate"]))
        parts = [
            _number(part) for part in re.split(r"[\s:/]+", said.get("frameRateMultiplier", ""))
        ]
        if len(parts) == 2 and all(parts):
            rate = rate * parts[0] / parts[1]
    elif source.frame_rate:
        rate, nominal = source.frame_rate, nominal_rate(source.frame_rate)
    ticks = _number(said.get("tickRate", ""))
    default = rate if says_rate else Fraction(1)
    return _Times(
        frame_rate=rate,
        nominal=nominal,
        tick_rate=ticks or default,
        is_smpte=said.get("timeBase") == "smpte",
        drops=said.get("dropMode", "nonDrop") == "dropNTSC",
        source=source,
        says_rate=says_rate or source.frame_rate is not None,
    )


def _number(written: str) -> Fraction:
    return Fraction(written) if re.fullmatch(r"\d{1,9}(?:\.\d{1,6})?", written) else Fraction(0)


Looks = dict[str, str]  # fontStyle, fontWeight, textDecoration, textAlign, … by local name

_KEPT = {
    "fontStyle",
    "fontWeight",
    "textDecoration",
    "textAlign",
    "displayAlign",
    "origin",
    "extent",
}
_INHERITED = {"fontStyle", "fontWeight", "textDecoration", "textAlign", "display", "visibility"}
_SILENT = {"metadata", "desc", "title", "set", "agent", "information", ""}
_LEFT_OUT = {"fontFamily", "fontSize", "color", "backgroundColor", "opacity", "textOutline"}


@dataclass(slots=True)
class _Head:
    """Styles, regions and speakers that the body names."""

    styles: dict[str, Looks] = field(default_factory=dict)
    regions: dict[str, Looks] = field(default_factory=dict)
    agents: dict[str, str] = field(default_factory=dict)
    size: tuple[float, float] | None = None  # of the picture, in pixels
    cells: tuple[float, float] = (32, 15)

    def looks(self, element: ET.Element) -> Looks:
        """What an element says of itself: referenced styles, then its own attributes."""
        said = xml.attributes(element)
        found: Looks = {}
        for name in said.get("style", "").split():
            found |= self.styles.get(name, {})
        return found | {name: said[name] for name in said if name in _KEPT | _INHERITED}


def _head_of(root: ET.Element) -> _Head:
    head = _Head()
    said = xml.attributes(root)
    if pair := re.fullmatch(r"([\d.]+)px\s+([\d.]+)px", said.get("extent", "").strip()):
        head.size = (float(pair[1]) or 1.0, float(pair[2]) or 1.0)
    if pair := re.fullmatch(r"(\d+)\s+(\d+)", said.get("cellResolution", "").strip()):
        head.cells = (float(pair[1]) or 1.0, float(pair[2]) or 1.0)
    own = {}
    parents = {}
    for style in xml.descendants(root, "style"):
        said = xml.attributes(style)
        if name := said.get("id"):
            own[name] = {key: said[key] for key in said if key in _KEPT | _INHERITED}
            parents[name] = said.get("style", "").split()

    def resolve(name: str, seen: frozenset[str]) -> Looks:
        if name in seen or name not in own:
            return {}
        found: Looks = {}
        for parent in parents[name]:
            found |= resolve(parent, seen | {name})
        return found | own[name]

    head.styles = {name: resolve(name, frozenset()) for name in own}
    for region in xml.descendants(root, "region"):
        looks = head.looks(region)
        for style in xml.children(region, "style"):
            looks = head.looks(style) | looks
        if name := xml.attributes(region).get("id"):
            head.regions[name] = looks
    for agent in xml.descendants(root, "agent"):
        called = next(xml.descendants(agent, "name"), None)
        if (key := xml.attributes(agent).get("id")) and called is not None:
            head.agents[key] = " ".join(xml.all_text(called).split())
    return head


@dataclass(frozen=True, slots=True)
class _Place:
    """What an element has from those around it."""

    start: Flicks | None  # None: nothing around it has times
    end: Flicks | None
    looks: Looks
    region: str = ""
    agent: str = ""
    preserve: bool = False


@dataclass(frozen=True, slots=True)
class _Piece:
    """Text of a paragraph in one style, on screen from start to end (None: as long as the paragraph)."""

    run: Run
    start: Flicks | None
    end: Flicks | None


def _read(source: Source) -> Iterator[RawCue]:
    document = xml.Document(source.text)
    root = document.root
    _note_what_is_left_out(root, source)
    head, times = _head_of(root), _times_of(root, source)
    if f"{{{_LYRICS}}}timing" in root.attrib:
        times.from_zero, times.by_word = True, root.get(f"{{{_LYRICS}}}timing") == "Word"
    elif _counts_from_zero(root, times):
        times.from_zero = True
        source.repairs.add(
            "NESTED_TIMES",
            "Times inside others count from the film's start, though TTML adds them up.",
        )
    outer = _Place(None, None, {}, preserve=_preserves(root, False))
    for body in xml.children(root, "body"):
        yield from _inside(body, outer, _Reader(document, head, times, source))


_LYRICS = "http://music.apple.com/lyric-ttml-internal"


def _counts_from_zero(root: ET.Element, times: _Times) -> bool:
    """Whether something inside a timed element would be over before it began, were times added up, while
    all of it lies within what is around it, if they are not.

    Several tools write times of the film everywhere; read by the standard, such a file shows next to nothing.
    """
    trial = replace(times, source=Source("", None))
    is_over: list[bool] = []
    lies_within: list[bool] = []

    def walk(element: ET.Element, base: Flicks, end: Flicks | None) -> None:
        for child in _native(element):
            said = xml.attributes(child)
            start, last = base, end
            if "begin" in said:
                begin = trial.read(said["begin"], 0)
                start = base + begin
                if base and end is not None:
                    is_over.append(start >= end)
                    lies_within.append(base <= begin <= end)
            if "end" in said:
                last = base + trial.read(said["end"], 0)
            walk(child, start, last)

    try:
        for body in xml.children(root, "body"):
            walk(body, 0, None)
    except BadInput:
        return False  # the reading itself names the line
    return any(is_over) and all(lies_within)


def _note_what_is_left_out(root: ET.Element, source: Source) -> None:
    styled = {
        name
        for element in root.iter()
        for name in xml.attributes(element)
        if name in _LEFT_OUT and (xml.local(str(element.tag)) != "style" or not _is_ours(root))
    }
    if styled:
        source.losses.add(
            "STYLES_DROPPED",
            sentence("Left out of the styles: %(names)s.", names=", ".join(sorted(styled))),
            "line 1",
        )
    if any(True for _ in xml.descendants(root, "image")) or any(
        "backgroundImage" in xml.attributes(element) for element in root.iter()
    ):
        if not any(xml.all_text(p).strip() for p in xml.descendants(root, "p")):
            raise BadInput(
                "FORMAT",
                "The subtitles of this file are pictures, not text.",
                advice="Ask for a text file.",
            )
        source.losses.add("GRAPHICS_DROPPED", "Pictures inside the file are left out.", "line 1")


_OURS = "urn:terjime:cue"


def _is_ours(root: ET.Element) -> bool:
    return f"{{{_OURS}}}by" in root.attrib


def _preserves(element: ET.Element, before: bool) -> bool:
    said = element.attrib.get(f"{xml.XML}space")
    return before if said is None else said == "preserve"


@dataclass(frozen=True, slots=True)
class _Reader:
    document: xml.Document
    head: _Head
    times: _Times
    source: Source


def _inside(element: ET.Element, around: _Place, reader: _Reader) -> Iterator[RawCue]:
    """Cues of a body, a division or a paragraph."""
    said = xml.attributes(element)
    place = _placed(element, said, around, reader)
    if xml.local(str(element.tag)) == "p":
        yield from _paragraph(element, place, reader)
        return
    in_turn = said.get("timeContainer") == "seq"
    free = place.start or 0
    for child in _native(element):
        if not in_turn:
            yield from _inside(child, place, reader)
            continue
        base = replace(place, start=free)
        its = xml.attributes(child)
        inner = _placed(child, its, base, reader)
        cues = list(_inside(child, base, reader))
        yield from cues
        free = inner.start or free
        if inner.end is not None and {"end", "dur"} & its.keys():
            free = inner.end
        else:  # as long as what is in it
            free = max([free, *(cue.end for cue in cues if cue.end is not None)])


def _native(element: ET.Element) -> Iterator[ET.Element]:
    """Divisions and paragraphs in the file's own namespace; others are not shown by anybody."""
    space = str(element.tag).rpartition("}")[0]
    return (
        child
        for child in xml.children(element, "div", "p")
        if str(child.tag).rpartition("}")[0] == space
    )


def _placed(element: ET.Element, said: dict[str, str], around: _Place, reader: _Reader) -> _Place:
    line = reader.document.line(element)
    base = 0 if reader.times.from_zero else around.start or 0
    start, end = around.start, around.end
    if "begin" in said:
        start = base + reader.times.read(said["begin"], line)
    if "end" in said:
        end = base + reader.times.read(said["end"], line)
    if "dur" in said and "end" not in said:
        end = (start or base) + reader.times.read(said["dur"], line)
    if start is None and end is not None and ("end" in said or "dur" in said):
        start = base
    if end is not None and around.end is not None and not reader.times.from_zero:
        end = min(end, around.end)  # what is around cuts off what is inside
    looks = {key: value for key, value in around.looks.items() if key in _INHERITED}
    region = said.get("region", around.region)
    if region != around.region:
        own = reader.head.regions.get(region, {})
        looks = {key: value for key, value in own.items() if key in _INHERITED} | looks
    looks |= reader.head.looks(element)
    for change in xml.children(element, "set"):
        start, end = _animated(change, start, end, looks, line, reader)
    return _Place(
        start,
        end,
        looks,
        region,
        said.get("agent", around.agent),
        _preserves(element, around.preserve),
    )


def _animated(
    change: ET.Element,
    start: Flicks | None,
    end: Flicks | None,
    looks: Looks,
    line: int,
    reader: _Reader,
) -> tuple[Flicks | None, Flicks | None]:
    """The times of an element that a ``set`` inside it shows or hides at some instant; *looks* without it."""
    said = xml.attributes(change)
    at = (start or 0) + (reader.times.read(said["begin"], line) if "begin" in said else 0)
    for name, shown, hidden in (("display", "auto", "none"), ("visibility", "visible", "hidden")):
        if said.get(name) == shown and looks.pop(name, shown) == hidden:
            start = at
        elif said.get(name) == hidden and looks.get(name) != hidden and at > (start or 0):
            end = at if end is None else min(end, at)
        else:
            continue
        reader.source.repairs.add(
            "ANIMATED", "The text is shown as long as its animation shows it.", f"line {line}"
        )
    return start, end


def _paragraph(element: ET.Element, place: _Place, reader: _Reader) -> Iterator[RawCue]:
    line = reader.document.line(element)
    if place.start is not None and place.end is not None and place.start >= place.end:
        said = xml.attributes(element)
        if not {"begin", "end"} <= said.keys():  # its own times would be refused, as they are
            _note_hidden(element, line, reader)
            return
    pieces = list(_pieces(element, place, reader))
    uid = element.attrib.get(f"{{{_OURS}}}uid", "")
    note = "".join(xml.all_text(one) for one in xml.children(element, "desc"))
    speaker = reader.head.agents.get(place.agent.split()[0] if place.agent.split() else "", "")
    position = _position(place, reader.head)
    timed = [piece for piece in pieces if piece.start is not None]
    if not timed:
        text = _text(pieces, line, reader.source)
        if text.strip() or uid:
            yield RawCue(line, place.start, place.end, text, position, speaker, note, uid)
        return
    reader.source.repairs.add(
        "TIMED_SPANS",
        "Parts of a paragraph have their own times: each state is a cue.",
        f"line {line}",
    )
    start, end = place.start or 0, place.end
    edges = {start} | {t for piece in timed for t in (piece.start, piece.end) if t is not None}
    edges |= {end} if end is not None else set()
    steps: list[Flicks | None] = [*sorted(edges)]
    if end is None and any(piece.end is None for piece in timed):
        steps.append(None)
    for low, high in itertools.pairwise(steps):
        seen = [
            piece
            for piece in pieces
            if low is not None
            and (piece.start if piece.start is not None else start) <= low
            and (piece.end is None or piece.end > low)
            and (end is None or low < end)
        ]
        text = _text(seen, line, reader.source)
        if text.strip():
            yield RawCue(line, low, high, text, position, speaker, note)


def _pieces(element: ET.Element, place: _Place, reader: _Reader) -> Iterator[_Piece]:
    """The text of a paragraph in order; line breaks are pieces of their own."""
    if "none" in place.looks.get("display", ""):
        _note_hidden(element, reader.document.line(element), reader)
        return
    hidden = place.looks.get("visibility") == "hidden"  # what is inside may still be visible
    style = _style(place.looks)
    in_turn = xml.attributes(element).get("timeContainer") == "seq"
    free = place.start or 0

    def piece(text: str | None) -> Iterator[_Piece]:
        if not text:
            return
        if in_turn or hidden:  # text that stands alone in a sequence has no time
            if text.strip():
                reader.source.losses.add(
                    "HIDDEN_TEXT",
                    sentence(
                        "Text that is not shown is left out: %(text)s", text=text.strip()[:80]
                    ),
                )
            return
        if place.preserve:
            text = re.sub(r"[ \t]*\n[ \t]*", "\n", text)
        else:
            text = re.sub(r"[ \t\n]+", " ", text)
        yield _Piece(Run(text, style), None, None)

    yield from piece(element.text)
    for child in element:
        name = xml.local(str(child.tag)) if isinstance(child.tag, str) else ""
        if name == "br":
            if not hidden:
                yield _Piece(Run("\n"), None, None)
        elif name == "span":
            said = xml.attributes(child)
            inner = _placed(child, said, replace(place, start=free) if in_turn else place, reader)
            free = inner.end or free
            if said.get("ruby") in {"text", "textContainer"}:
                reader.source.repairs.add(
                    "RUBY",
                    "Reading aids (ruby) stand in the line after their word.",
                    f"line {reader.document.line(child)}",
                )
            is_timed = {"begin", "end", "dur"} & said.keys() and not reader.times.by_word
            for one in _pieces(child, inner, reader):
                yield (
                    _Piece(
                        one.run,
                        inner.start if one.start is None else one.start,
                        one.end or inner.end,
                    )
                    if is_timed
                    else one
                )
        elif name in {"i", "b", "u", "em", "strong", "font", "p", "div"}:
            # Not TTML, but in files all the same.
            inner = _placed(child, xml.attributes(child), place, reader)
            looks = {
                "i": {"fontStyle": "italic"},
                "em": {"fontStyle": "italic"},
                "b": {"fontWeight": "bold"},
                "strong": {"fontWeight": "bold"},
                "u": {"textDecoration": "underline"},
            }.get(name, {})
            yield from _pieces(child, replace(inner, looks=inner.looks | looks), reader)
        elif name not in _SILENT and (inner_text := " ".join(xml.all_text(child).split())):
            reader.source.losses.add(
                "TAG_DROPPED",
                sentence(
                    "An element %(name)s was left out: %(text)s",
                    name=repr(name),
                    text=inner_text[:60],
                ),
                f"line {reader.document.line(child)}",
            )
        yield from piece(child.tail)


def _note_hidden(element: ET.Element, line: int, reader: _Reader) -> None:
    if hidden := " ".join(xml.all_text(element).split()):
        reader.source.losses.add(
            "HIDDEN_TEXT",
            sentence("Text that is not shown is left out: %(text)s", text=hidden[:80]),
            f"line {line}",
        )


def _style(looks: Looks) -> frozenset[str]:
    found = set()
    if looks.get("fontStyle") in {"italic", "oblique", "reverseOblique"}:
        found.add("i")
    if looks.get("fontWeight") == "bold":
        found.add("b")
    if "underline" in looks.get("textDecoration", "").replace("noUnderline", "").split():
        found.add("u")
    return frozenset(found)


def _text(pieces: Sequence[_Piece], line: int, source: Source) -> str:
    """Lines without the spaces that only lay the file out."""
    lines: list[list[Run]] = [[]]
    for piece in pieces:
        for i, part in enumerate(piece.run.text.split("\n")):
            if i:
                lines.append([])
            if part:
                lines[-1].append(Run(part, piece.run.style))
    literal = from_runs([[Run(as_text(r.text), r.style) for r in _joined(one)] for one in lines])
    if any(as_text(r.text) != r.text for one in lines for r in _joined(one)):
        source.repairs.add(
            "TAG_AS_TEXT", "Text that looks like a tag got ‹ › marks.", f"line {line}"
        )
    return literal


def _joined(line: Sequence[Run]) -> list[Run]:
    """Runs of a line, each space once where two of layout meet."""
    runs: list[Run] = []
    for run in line:
        text = run.text
        if (not runs or runs[-1].text.endswith(" ")) and text.startswith(" ") and len(line) > 1:
            text = text.lstrip(" ") if not runs else text
        if text:
            runs.append(Run(text, run.style))
    return runs


def _position(place: _Place, head: _Head) -> int | None:
    region = head.regions.get(place.region, {})
    row = 0
    if {"displayAlign", "origin", "extent"} & region.keys():
        top, height = _box(region, head)
        align = region.get("displayAlign", "before")
        anchor = top + {"before": 0.0, "center": height / 2}.get(align, height)
        row = 2 if anchor < 0.34 else 1 if anchor < 0.67 else 0
    column = {"left": 1, "start": 1, "right": 3, "end": 3}.get(place.looks.get("textAlign", ""), 2)
    position = row * 3 + column
    return None if position == 2 else position


def _box(region: Looks, head: _Head) -> tuple[float, float]:
    """Top and height of a region as shares of the picture."""

    def second(value: str, otherwise: float) -> float:
        parts = value.split()
        found = re.fullmatch(r"(-?[\d.]+)(%|px|c|rh)", parts[1]) if len(parts) == 2 else None
        if not found or found[1].count(".") > 1 or not found[1].strip("-."):
            return otherwise
        number = float(found[1])
        if found[2] in {"%", "rh"}:
            return number / 100
        if found[2] == "c":
            return number / head.cells[1]
        return number / head.size[1] if head.size else otherwise

    top = second(region.get("origin", ""), 0.0)
    return top, second(region.get("extent", ""), 1.0 - top)


# Writing

_TT = "http://www.w3.org/ns/ttml"
_NS = {
    "": _TT,
    "ttp": f"{_TT}#parameter",
    "tts": f"{_TT}#styling",
    "ttm": f"{_TT}#metadata",
    "terjime": _OURS,
}
_PROFILE = f"{_TT}/profile/imsc1.1/text"
_TAGS = {
    "i": ("fontStyle", "italic"),
    "b": ("fontWeight", "bold"),
    "u": ("textDecoration", "underline"),
}


def _write(cues: Sequence[Cue], target: Target) -> bytes:
    root = ET.Element("tt", {f"xmlns{':' if key else ''}{key}": uri for key, uri in _NS.items()})
    root.attrib |= {
        "xml:lang": target.language,
        "xml:space": "preserve",
        "ttp:timeBase": "media",
        "ttp:contentProfiles": _PROFILE,
        "terjime:by": "terjime",
    }
    if target.frame_rate:
        nominal = nominal_rate(target.frame_rate)
        root.set("ttp:frameRate", str(nominal))
        multiplier = target.frame_rate / nominal
        if multiplier != 1:
            root.set("ttp:frameRateMultiplier", f"{multiplier.numerator} {multiplier.denominator}")
    head = ET.SubElement(root, "head")
    agents = {
        name: f"a{n}"
        for n, name in enumerate(dict.fromkeys(c.speaker for c in cues if c.speaker), 1)
    }
    if agents:
        metadata = ET.SubElement(head, "metadata")
        for name, key in agents.items():
            agent = ET.SubElement(metadata, "ttm:agent", {"xml:id": key, "type": "character"})
            ET.SubElement(agent, "ttm:name", {"type": "full"}).text = xml.legal(name)
    styling = ET.SubElement(head, "styling")
    ET.SubElement(
        styling,
        "style",
        {
            "xml:id": "plain",
            "tts:fontFamily": "proportionalSansSerif",
            "tts:fontSize": "100%",
            "tts:color": "white",
            "tts:textAlign": "center",
        },
    )
    layout = ET.SubElement(head, "layout")
    for place in sorted({cue.position or 2 for cue in cues} | {2}):
        _region(layout, place)
    body = ET.SubElement(root, "body", {"style": "plain", "region": "at2"})
    division = ET.SubElement(body, "div")
    for cue in cues:
        division.append(_written(cue, agents))
        division[-1].tail = "\n"
    return xml.to_bytes(root)


def _region(layout: ET.Element, place: int) -> None:
    row, column = divmod(place - 1, 3)
    align = {"tts:textAlign": ("start", "center", "end")[column]}
    ET.SubElement(
        layout,
        "region",
        {
            "xml:id": f"at{place}",
            "tts:origin": "10% 10%",
            "tts:extent": "80% 80%",
            "tts:displayAlign": ("after", "center", "before")[row],
            **align,
        },
    )


def _written(cue: Cue, agents: dict[str, str]) -> ET.Element:
    start, end = (write_time(time, mark=".") for time in (cue.start, cue.end))
    element = ET.Element("p", {"begin": start, "end": end, "terjime:uid": cue.uid})
    if cue.position not in {None, 2}:
        column = ("start", "center", "end")[((cue.position or 2) - 1) % 3]
        element.attrib |= {"region": f"at{cue.position}", "tts:textAlign": column}
    if cue.speaker:
        element.set("ttm:agent", agents[cue.speaker])
    last: ET.Element | None = None
    if cue.note:
        last = ET.SubElement(element, "ttm:desc")
        last.text = xml.legal(cue.note)
    for i, line in enumerate(runs_of(cue.text)):
        if i:
            last = ET.SubElement(element, "br")
        for run in line:
            if run.style:
                last = ET.SubElement(element, "span", _looks(run.style))
                last.text = xml.legal(run.text)
            elif last is None:
                element.text = (element.text or "") + xml.legal(run.text)
            else:
                last.tail = (last.tail or "") + xml.legal(run.text)
    return element


def _looks(style: frozenset[str]) -> dict[str, str]:
    return {f"tts:{_TAGS[name][0]}": _TAGS[name][1] for name in sorted(style)}


def _read_back(data: bytes) -> list[Shown]:
    from workflow.tracks.formats import by_ttconv  # noqa: PLC0415 (takes long to load)

    return [
        Shown(from_seconds(one.start), from_seconds(one.end or one.start), one.text)
        for one in by_ttconv.read_ttml(data)
    ]


FORMAT = Format(
    name="ttml",
    extension=".ttml",
    media_type="application/ttml+xml",
    aliases=("imsc", "dfxp", "itt", "xml"),
    keeps=WHOLE,
    sniff=_sniff,
    read=_read,
    write=_write,
    read_back=_read_back,
)
