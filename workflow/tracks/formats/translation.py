"""What XLIFF and TMX share: text with codes inside, written by ElementTree and read back by lxml.

A translation tool shows our tags as codes that a translator moves whole. Codes of other tools that
hold our tags are taken for them; any other is left out by name.
"""

# mypy: disable-error-code="import-untyped"
from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from xml.etree import ElementTree as ET

from workflow.sentences import sentence
from workflow.timebase import from_ms
from workflow.tracks.cues import Cue
from workflow.tracks.formats import xml
from workflow.tracks.formats.codec import Shown, Source, Target
from workflow.tracks.formats.tables import ms_of
from workflow.tracks.formats.times import write_time
from workflow.tracks.text import TAG, as_text, balance

KINDS = {"i": "italic", "b": "bold", "u": "underlined"}
_TAG_OF = {
    "italic": "i",
    "bold": "b",
    "underlined": "u",
    "underline": "u",
    "xlf:i": "i",
    "xlf:b": "b",
    "xlf:u": "u",
}
_BREAKS = {"lb", "x-lb", "xlf:lb", "x-br"}
_CODES = {"bpt", "ept", "ph", "it", "x", "bx", "ex", "sc", "ec", "ut", "hi", "cp"}


def times_of(cue: Cue) -> str:
    start, end = (write_time(time, mark=".") for time in (cue.start, cue.end))
    return f"{start} --> {end}"


def paired(cues: Sequence[Cue], target: Target) -> Iterator[tuple[Cue, str | None]]:
    """Each cue with the text it translates; None if sources were not given at all."""
    for i, cue in enumerate(cues):
        yield cue, target.sources[i] if target.sources else None


def add_text(
    element: ET.Element, text: str, code: Callable[[ET.Element, str, bool, int], ET.Element]
) -> None:
    """Writes *text* into *element*, a code for each of our tags.

    code    makes the element of a tag: parent, name, whether it ends, the number that its two share
    """
    last: ET.Element | None = None

    def put(words: str) -> None:
        if last is None:
            element.text = (element.text or "") + xml.legal(words)
        else:
            last.tail = (last.tail or "") + xml.legal(words)

    at, numbers, open_tags = 0, 0, {}
    for found in TAG.finditer(text):
        put(text[at : found.start()])
        at = found.end()
        name, ends = found[0].strip("</>"), found[0].startswith("</")
        if not ends:
            numbers += 1
            open_tags[name] = numbers
        last = code(element, name, ends, open_tags[name])
        last.text = found[0]
    put(text[at:])


def text_of(element: ET.Element | None, preserve: bool, where: str, source: Source) -> str:
    """Our text of a segment; codes that are not ours are left out and named."""
    if element is None:
        return ""
    preserve = element.attrib.get(f"{xml.XML}space", "preserve" if preserve else "") == "preserve"
    parts: list[str] = []
    begun: dict[str, str] = {}  # id of a code that begins a style → our tag

    def words(text: str | None) -> None:
        if not text:
            return
        spaced = text if preserve else re.sub(r"\s+", " ", text)
        literal = as_text(spaced)
        if literal != spaced:
            source.repairs.add("TAG_AS_TEXT", "Text that looks like a tag got ‹ › marks.", where)
        parts.append(literal)

    def walk(one: ET.Element) -> None:
        words(one.text)
        for child in one:
            if not isinstance(child.tag, str):
                words(child.tail)
                continue
            name, said = xml.local(child.tag), xml.attributes(child)
            kind = said.get("subType") or said.get("ctype") or said.get("type") or ""
            if name in {"g", "pc", "hi"} and kind in _TAG_OF:
                parts.append(f"<{_TAG_OF[kind]}>")
                walk(child)
                parts.append(f"</{_TAG_OF[kind]}>")
            elif name == "sc" and kind in _TAG_OF:
                begun[said.get("id", "")] = _TAG_OF[kind]
                parts.append(f"<{_TAG_OF[kind]}>")
            elif name == "ec" and said.get("startRef", "") in begun:
                parts.append(f"</{begun[said['startRef']]}>")
            elif name in _CODES:
                native = xml.all_text(child)
                if TAG.fullmatch(native):
                    parts.append(native)
                elif kind in _BREAKS or re.fullmatch(r"\n|\\n|<br\s*/?>", native):
                    parts.append("\n")
                else:
                    shown = native or f"{name} {kind}".strip()
                    source.losses.add(
                        "TAG_DROPPED",
                        sentence("A code was taken out: %(code)s", code=shown[:60]),
                        where,
                    )
            else:
                walk(child)
            words(child.tail)

    walk(element)
    text, changed = balance("".join(parts))
    if changed:
        source.repairs.add("TAGS_BALANCED", "Tags were closed.", where)
    return text if preserve else text.strip()


def read_back(data: bytes, unit: str, times: str, text: str) -> list[Shown]:
    """Every *unit* as lxml sees it; *times* and *text* are XPaths from it.

    Codes are left out with what is in them, as a translation tool shows a text.
    """
    from lxml import etree  # noqa: PLC0415 (takes long to load)

    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    shown = []
    for one in etree.fromstring(data, parser).iterfind(f".//{{*}}{unit}"):
        start, end = one.xpath(f"string({times})").split(" --> ")
        words = "".join(
            one.xpath(
                f"({text})[last()]//text()[not(ancestor::*[local-name()='bpt' or local-name()='ept'])]"
            )
        )
        shown.append(Shown(from_ms(ms_of(start)), from_ms(ms_of(end)), words))
    return shown
