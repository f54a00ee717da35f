"""Translation memories as TMX 1.4b: units in two languages, without the times that `formats.tmx` carries."""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree import ElementTree as ET

from workflow.errors import BadInput
from workflow.language import encodings
from workflow.language.letters import tidy
from workflow.language.memory import Unit
from workflow.tracks import limits
from workflow.tracks.formats import xml

MAX_UNITS = 50_000
_BYTES = 20 * 1024 * 1024


def read_memory(
    data: bytes, *, source_language: str, language: str, origin: str = ""
) -> list[Unit]:
    """The units of a TMX file that have both languages, in the order of the file.

    Neighbours in the file count as neighbours of a unit. Raises BadInput TOO_MANY_BYTES, ENCODING, FORMAT,
    TOO_MANY_UNITS and NO_UNITS, the last naming the languages that there are.
    """
    if len(data) > _BYTES:
        raise BadInput("TOO_MANY_BYTES", f"A memory may have {_BYTES >> 20} MiB at most.")
    text = encodings.guess(data).text.removeprefix("\ufeff")
    if not xml.sniff_root(text, "tmx"):
        raise BadInput("FORMAT", "The file is not a translation memory.", advice="Give a TMX file.")
    root = xml.Document(xml.without_doctype(text)).root
    found: list[tuple[str, str]] = []
    others: set[str] = set()
    for unit in xml.descendants(root, "tu"):
        texts = {
            (one.attrib.get(f"{xml.XML}lang") or one.attrib.get("lang", "")).lower(): xml.all_text(
                next(xml.children(one, "seg"), None)
            )
            for one in xml.children(unit, "tuv")
        }
        others |= texts.keys()
        source, target = _of(texts, source_language), _of(texts, language)
        if source and target:
            found.append((source, target))
        if len(found) > MAX_UNITS:
            raise BadInput("TOO_MANY_UNITS", f"A memory may have {MAX_UNITS} units at most.")
    if not found:
        raise BadInput(
            "NO_UNITS",
            f"No unit of the file has both {source_language} and {language}.",
            advice=f"It has {', '.join(sorted(filter(None, others))[:12]) or 'no language'}.",
        )
    sources = ["", *(source for source, _ in found), ""]
    return [
        Unit(source, target, before=sources[i], after=sources[i + 2], origin=origin)
        for i, (source, target) in enumerate(found)
    ]


def _of(texts: dict[str, str], language: str) -> str:
    wanted = language.lower()
    for tag, text in texts.items():
        if tag == wanted or tag.partition("-")[0] == wanted.partition("-")[0]:
            return " ".join(tidy(text)[0].split())[: limits.MAX_CHARACTERS]
    return ""


def write_memory(units: Iterable[Unit], *, source_language: str, language: str) -> bytes:
    """A TMX file that `read_memory` reads back the same."""
    root = ET.Element("tmx", {"version": "1.4"})
    head = {
        "creationtool": "Terjime",
        "creationtoolversion": "1",
        "segtype": "block",
        "o-tmf": "Terjime",
        "adminlang": "en",
        "srclang": source_language,
        "datatype": "plaintext",
    }
    ET.SubElement(root, "header", head)
    body = ET.SubElement(root, "body")
    for unit in units:
        tu = ET.SubElement(body, "tu")
        if unit.origin:
            ET.SubElement(tu, "prop", {"type": "x-origin"}).text = xml.legal(unit.origin)
        for tag, text in ((source_language, unit.source), (language, unit.target)):
            tuv = ET.SubElement(tu, "tuv", {"xml:lang": tag})
            ET.SubElement(tuv, "seg").text = xml.legal(text)
        tu.tail = "\n"
    return xml.to_bytes(root)
