"""TMX 1.4b (.tmx): translation memories. A cue is a unit; its times go along as properties."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.etree import ElementTree as ET

from workflow.sentences import sentence
from workflow.tracks.cues import Cue
from workflow.tracks.formats import translation, xml
from workflow.tracks.formats.codec import WHOLE, Format, RawCue, Shown, Source, Target
from workflow.tracks.formats.times import read_time


def _sniff(text: str) -> bool:
    return xml.sniff_root(text, "tmx")


def _read(source: Source) -> Iterator[RawCue]:
    document = xml.Document(xml.without_doctype(source.text))
    left: set[str] = set()
    for unit in xml.descendants(document.root, "tu"):
        line = document.line(unit)
        texts = {
            _language(one): next(xml.children(one, "seg"), None)
            for one in xml.children(unit, "tuv")
        }
        if not texts:
            continue
        chosen = _chosen(list(texts), source.language)
        left |= texts.keys() - {chosen}
        said = {
            prop.attrib.get("type", ""): xml.all_text(prop) for prop in xml.children(unit, "prop")
        }
        start, end = (
            read_time(said[name], line, source.repairs, mark=".", hour_digits=1)
            if name in said
            else None
            for name in ("x-terjime-start", "x-terjime-end")
        )
        place = said.get("x-terjime-position", "")
        notes = [xml.all_text(note) for note in xml.children(unit, "note")]
        yield RawCue(
            line,
            start,
            end,
            translation.text_of(texts[chosen], True, f"line {line}", source),
            int(place) if place in set("123456789") else None,
            said.get("x-terjime-speaker", ""),
            "\n".join(notes),
            said.get("x-terjime-uid", ""),
        )
    if left:
        source.losses.add(
            "COLUMN_LEFT",
            sentence(
                "Texts in other languages are left out: %(languages)s.",
                languages=", ".join(sorted(left)),
            ),
        )


def _language(variant: ET.Element) -> str:
    return variant.attrib.get(f"{xml.XML}lang") or variant.attrib.get("lang", "")


def _chosen(languages: Sequence[str], wanted: str) -> str:
    """The language that is asked for, else Turkmen, else the last."""
    for tag in (wanted, "tk"):
        for language in languages:
            if tag and language.lower().split("-")[0] == tag.split("-")[0]:
                return language
    return languages[-1]


def _code(parent: ET.Element, name: str, ends: bool, number: int) -> ET.Element:
    kind = {} if ends else {"type": translation.KINDS[name]}
    return ET.SubElement(parent, "ept" if ends else "bpt", {"i": str(number)} | kind)


def _write(cues: Sequence[Cue], target: Target) -> bytes:
    root = ET.Element("tmx", {"version": "1.4"})
    ET.SubElement(
        root,
        "header",
        {
            "creationtool": "Terjime",
            "creationtoolversion": "1",
            "segtype": "block",
            "o-tmf": "Terjime",
            "adminlang": "en",
            "srclang": target.source_language if target.sources else target.language,
            "datatype": "plaintext",
        },
    )
    body = ET.SubElement(root, "body")
    for cue, original in translation.paired(cues, target):
        unit = ET.SubElement(body, "tu", {"tuid": cue.uid, "creationid": "Terjime"})
        if cue.note:
            ET.SubElement(unit, "note").text = xml.legal(cue.note)
        start, _, end = translation.times_of(cue).partition(" --> ")
        place = "" if cue.position in {None, 2} else str(cue.position)
        for name, value in (
            ("uid", cue.uid),
            ("start", start),
            ("end", end),
            ("speaker", cue.speaker),
            ("position", place),
        ):
            if value:
                ET.SubElement(unit, "prop", {"type": f"x-terjime-{name}"}).text = xml.legal(value)
        for language, text in ((target.source_language, original), (target.language, cue.text)):
            if text is not None:
                variant = ET.SubElement(unit, "tuv", {"xml:lang": language})
                translation.add_text(ET.SubElement(variant, "seg"), text, _code)
        unit.tail = "\n"
    return xml.to_bytes(root)


def _read_back(data: bytes) -> list[Shown]:
    times = "concat(*[@type='x-terjime-start'], ' --> ', *[@type='x-terjime-end'])"
    return translation.read_back(data, "tu", times, "*[local-name()='tuv']/*[local-name()='seg']")


FORMAT = Format(
    name="tmx",
    extension=".tmx",
    media_type="application/x-tmx+xml",
    keeps=WHOLE,
    sniff=_sniff,
    read=_read,
    write=_write,
    read_back=_read_back,
)
