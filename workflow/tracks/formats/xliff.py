"""XLIFF 1.2 (.xlf) and 2.1 (.xliff): the exchange format of translation tools (OASIS).

Times, speaker and place of a cue go along as notes, so that a file that was translated anywhere comes back
as cues. Without a source text the cue itself is what is to be translated. Read are 1.0 to 2.2.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from xml.etree import ElementTree as ET

from workflow.sentences import sentence
from workflow.tracks.cues import Cue
from workflow.tracks.formats import translation, xml
from workflow.tracks.formats.codec import WHOLE, Format, RawCue, Shown, Source, Target
from workflow.tracks.formats.times import TIME, read_time

_PAIR = re.compile(rf"\s*({TIME})\s*-->\s*({TIME})\s*")
_VERSION = re.compile(r"""<(?:\w+:)?xliff\b[^>]*?\bversion\s*=\s*["'](\d)""")
_WIDTH = "84"  # two lines of 42 characters


def _sniff(text: str, *, major: str) -> bool:
    if not xml.sniff_root(text, "xliff"):
        return False
    found = _VERSION.search(text[:8000])
    return (found[1] if found else "1") == major if major == "2" else not found or found[1] != "2"


def _read(source: Source) -> Iterator[RawCue]:
    document = xml.Document(xml.without_doctype(source.text))
    taken: list[str] = []
    for file in xml.descendants(document.root, "file"):
        said = xml.attributes(document.root) | xml.attributes(file)
        original = said.get("source-language") or said.get("srcLang") or ""
        wants_original = (
            bool(source.language) and original.split("-")[0] == source.language.split("-")[0]
        )
        for unit in xml.descendants(file, "trans-unit", "unit"):
            yield _cue(unit, document.line(unit), wants_original, source, taken)
    if "original" in taken:
        source.repairs.add(
            "COLUMN",
            sentence(
                "%(count)s units have no translation: the original was read.",
                count=taken.count("original"),
            ),
        )
    if taken.count("translation"):
        source.losses.add("COLUMN_LEFT", "The original texts beside the translations are left out.")


def _cue(
    unit: ET.Element, line: int, wants_original: bool, source: Source, taken: list[str]
) -> RawCue:
    where = f"line {line}"
    preserve = unit.attrib.get(f"{xml.XML}space") == "preserve"
    texts = {"source": "", "target": ""}
    has_target = False
    for part in [unit, *xml.children(unit, "segment", "ignorable")]:
        for name in texts:
            for one in xml.children(part, name):
                texts[name] += translation.text_of(one, preserve, where, source)
                has_target |= name == "target"
    is_original = wants_original or not texts["target"].strip()
    if is_original and not wants_original and texts["source"].strip():
        taken.append("original" if has_target or not _is_ours(unit) else "alone")
    elif texts["source"].strip():
        taken.append("translation")
    raw = _Notes(unit, line, source)
    return RawCue(
        line,
        raw.start,
        raw.end,
        texts["source" if is_original else "target"],
        raw.position,
        raw.speaker,
        raw.note,
        xml.attributes(unit).get("id", "") if raw.is_ours else "",
    )


def _is_ours(unit: ET.Element) -> bool:
    return any(_kind(note) == "timecode" for note in xml.descendants(unit, "note"))


def _kind(note: ET.Element) -> str:
    said = xml.attributes(note)
    return said.get("category") or said.get("from") or ""


class _Notes:
    """What the notes of a unit say of its cue."""

    def __init__(self, unit: ET.Element, line: int, source: Source) -> None:
        self.start: int | None = None
        self.end: int | None = None
        self.position: int | None = None
        self.speaker = self.note = ""
        self.is_ours = False
        for note in xml.descendants(unit, "note"):
            kind, text = _kind(note), xml.all_text(note)
            if self.start is None and (pair := _PAIR.fullmatch(text)):
                mark = "," if "," in pair[1] else "."
                self.start, self.end = (
                    read_time(pair[n], line, source.repairs, mark=mark, hour_digits=1)
                    for n in (1, 2)
                )
                self.is_ours = kind == "timecode"
            elif kind == "speaker":
                self.speaker = text
            elif kind == "position" and text in set("123456789"):
                self.position = int(text)
            elif text.strip():
                self.note = f"{self.note}\n{text}".strip("\n")


def _notes(cue: Cue) -> Iterator[tuple[str, str]]:
    yield "timecode", translation.times_of(cue)
    if cue.speaker:
        yield "speaker", cue.speaker
    if cue.position not in {None, 2}:
        yield "position", str(cue.position)
    if cue.note:
        yield "note", cue.note


def _code_1(parent: ET.Element, name: str, ends: bool, number: int) -> ET.Element:
    kind = {} if ends else {"ctype": translation.KINDS[name]}
    return ET.SubElement(parent, "ept" if ends else "bpt", {"id": str(number)} | kind)


def _write_1(cues: Sequence[Cue], target: Target) -> bytes:
    root = ET.Element("xliff", {"xmlns": "urn:oasis:names:tc:xliff:document:1.2", "version": "1.2"})
    languages = {"source-language": target.source_language if target.sources else target.language}
    if target.sources:
        languages["target-language"] = target.language
    file = ET.SubElement(
        root,
        "file",
        {"original": xml.legal(target.title) or "subtitles", "datatype": "plaintext", **languages},
    )
    body = ET.SubElement(file, "body")
    for cue, original in translation.paired(cues, target):
        unit = ET.SubElement(
            body,
            "trans-unit",
            {"id": cue.uid, "xml:space": "preserve", "maxwidth": _WIDTH, "size-unit": "char"},
        )
        translation.add_text(
            ET.SubElement(unit, "source"), cue.text if original is None else original, _code_1
        )
        if original is not None:
            translation.add_text(
                ET.SubElement(unit, "target", {"state": "translated"}), cue.text, _code_1
            )
        for kind, text in _notes(cue):
            ET.SubElement(unit, "note", {"from": kind}).text = xml.legal(text)
        unit.tail = "\n"
    return xml.to_bytes(root)


def _code_2(parent: ET.Element, name: str, ends: bool, number: int) -> ET.Element:
    kind = (
        {"startRef": str(number)}
        if ends
        else {"id": str(number), "type": "fmt", "subType": f"xlf:{name}"}
    )
    return ET.SubElement(parent, "ec" if ends else "sc", kind)


def _write_2(cues: Sequence[Cue], target: Target) -> bytes:
    languages = {"srcLang": target.source_language if target.sources else target.language}
    if target.sources:
        languages["trgLang"] = target.language
    root = ET.Element(
        "xliff",
        {
            "xmlns": "urn:oasis:names:tc:xliff:document:2.0",
            "xmlns:slr": "urn:oasis:names:tc:xliff:sizerestriction:2.0",
            "version": "2.1",
            **languages,
        },
    )
    file = ET.SubElement(
        root, "file", {"id": "f1", "original": xml.legal(target.title) or "subtitles"}
    )
    ET.SubElement(file, "slr:profiles", {"generalProfile": "xliff:codepoints"})
    for cue, original in translation.paired(cues, target):
        unit = ET.SubElement(file, "unit", {"id": cue.uid, "slr:sizeRestriction": _WIDTH})
        notes = ET.SubElement(unit, "notes")
        for kind, text in _notes(cue):
            ET.SubElement(notes, "note", {"category": kind}).text = xml.legal(text)
        segment = ET.SubElement(unit, "segment")
        preserve = {"xml:space": "preserve"}
        _add_2(
            ET.SubElement(segment, "source", preserve), cue.text if original is None else original
        )
        if original is not None:
            _add_2(ET.SubElement(segment, "target", preserve), cue.text)
        unit.tail = "\n"
    return xml.to_bytes(root)


def _add_2(element: ET.Element, text: str) -> None:
    """In XLIFF 2 a code holds no text of its own: its kind says what it is."""
    translation.add_text(element, text, _code_2)
    for code in element:
        code.text = None


def _read_back_1(data: bytes) -> list[Shown]:
    return translation.read_back(
        data,
        "trans-unit",
        "*[local-name()='note'][@from='timecode']",
        "*[local-name()='source' or local-name()='target']",
    )


def _read_back_2(data: bytes) -> list[Shown]:
    return translation.read_back(
        data,
        "unit",
        ".//*[local-name()='note'][@category='timecode']",
        ".//*[local-name()='source' or local-name()='target']",
    )


FORMAT_1 = Format(
    name="xliff1.2",
    extension=".xlf",
    media_type="application/x-xliff+xml",
    aliases=("xliff1",),
    keeps=WHOLE,
    sniff=lambda text: _sniff(text, major="1"),
    read=_read,
    write=_write_1,
    read_back=_read_back_1,
)

FORMAT_2 = Format(
    name="xliff2.1",
    extension=".xliff",
    media_type="application/xliff+xml",
    aliases=("xliff2",),
    keeps=WHOLE,
    sniff=lambda text: _sniff(text, major="2"),
    read=_read,
    write=_write_2,
    read_back=_read_back_2,
)
