"""XML from outside, read so that it can do no harm, and XML of ours, written.

A document type or an entity of its own is refused: files that expand to gigabytes or name other
files need one, subtitles do not. Names are matched without their namespace, because tools of twenty
years put the same elements into a dozen of them.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree as ET

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from workflow.errors import BadInput
from workflow.tracks import limits

_DECLARATION = re.compile(r"\s*<\?xml[^>]*\?>\s*")
_PLAIN_DOCTYPE = re.compile(
    r"<!DOCTYPE\s+\w+(?:\s+(?:SYSTEM|PUBLIC)(?:\s+(?:\"[^\"]*\"|'[^']*'))+)?\s*>"
)
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

XML = "{http://www.w3.org/XML/1998/namespace}"


class Document:
    """A parsed file: its root, and the line where each element begins."""

    def __init__(self, text: str) -> None:
        """Raises BadInput FORMAT: not well-formed, with a document type, too many or too deep elements."""
        head = _DECLARATION.match(text)
        lines_cut = head[0].count("\n") if head else 0
        body = text[head.end() :] if head else text
        try:
            try:
                builder = _Builder()
                self.root = builder.parse(body)
            except ET.ParseError as error:
                if "unbound prefix" in str(error):
                    body = _bound(body)
                elif "undefined entity" in str(error):
                    body = _HTML_ENTITY.sub(_character, body)
                else:
                    raise
                builder = _Builder()
                self.root = builder.parse(body)
        except DefusedXmlException:
            raise BadInput(
                "FORMAT",
                "The XML has a document type or entities of its own, which may name other files.",
                advice="Take the <!DOCTYPE …> out of it.",
            ) from None
        except ET.ParseError as error:
            line = error.position[0] + lines_cut
            raise BadInput(
                "FORMAT",
                f"The XML is broken at line {line}: {str(error).split(':')[0]}.",
                where=f"line {line}",
                advice="Export the file again.",
            ) from None
        self._lines = builder.lines
        self._cut = lines_cut

    def line(self, element: ET.Element) -> int:
        return self._lines.get(element, 1) + self._cut


def sniff_root(text: str, *names: str) -> bool:
    """Whether the first element of *text* has one of these names, whatever its namespace."""
    head = re.sub(
        r"<!--.*?-->|<\?.*?\?>|<!DOCTYPE[^>\[]*(?:\[.*?\])?\s*>", "", text[:8000], flags=re.S
    )
    found = re.match(r"\s*<(?:[\w.-]+:)?([\w.-]+)[\s/>]", head)
    return bool(found and found[1] in names)


def _bound(text: str) -> str:
    """*text* whose first element declares the prefixes that nobody did: names count here, not namespaces."""
    used = set(re.findall(r"</?([A-Za-z_][\w.-]*):", text))
    used |= set(re.findall(r"\s([A-Za-z_][\w.-]*):[\w.-]+\s*=", text))
    missing = sorted(used - {"xml", "xmlns"} - set(re.findall(r"\sxmlns:([\w.-]+)\s*=", text)))
    names = "".join(f' xmlns:{prefix}="urn:unbound:{prefix}"' for prefix in missing)
    return re.sub(r"<([A-Za-z_][\w.:-]*)", lambda found: found[0] + names, text, count=1)


_HTML_ENTITY = re.compile(r"&(?!(?:lt|gt|amp|quot|apos);)[A-Za-z][A-Za-z0-9]{1,30};")


def _character(found: re.Match[str]) -> str:
    """What HTML calls by that name, as a number; XML knows five names only."""
    meant = html.unescape(found[0])
    return found[0] if meant == found[0] else "".join(f"&#{ord(char)};" for char in meant)


class _Builder(ET.TreeBuilder):
    """Elements with the lines they begin at, within limits."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: dict[ET.Element, int] = {}
        self.expat: Any = None
        self._depth = 0

    def parse(self, text: str) -> ET.Element:
        parser = DefusedXMLParser(target=self, forbid_dtd=True)
        self.expat = parser.parser
        parser.feed(text)
        root: ET.Element = parser.close()
        return root

    def start(self, tag: str, attrs: dict[str, str]) -> ET.Element:
        self._depth += 1
        line = self.expat.CurrentLineNumber
        if self._depth > limits.MAX_DEPTH or len(self.lines) >= limits.MAX_ELEMENTS:
            raise BadInput(
                "FORMAT",
                f"The XML has more than {limits.MAX_ELEMENTS} elements, or they are nested too deep.",
                where=f"line {line}",
            )
        element = super().start(tag, attrs)
        self.lines[element] = line
        return element

    def end(self, tag: str) -> ET.Element:
        self._depth -= 1
        return super().end(tag)


def without_doctype(text: str) -> str:
    """*text* without a document type that only names a file: translation memories come with one, and
    nobody ever opens it. One with declarations of its own stays, to be refused."""
    head, rest = text[:4000], text[4000:]
    return _PLAIN_DOCTYPE.sub(lambda found: "\n" * found[0].count("\n"), head, count=1) + rest


def local(name: str) -> str:
    """A tag's or attribute's name without its namespace."""
    return name.rpartition("}")[2]


def attributes(element: ET.Element) -> dict[str, str]:
    """By local name; one without a namespace goes before others of that name."""
    found = {local(name): value for name, value in element.attrib.items() if "}" in name}
    return found | {name: value for name, value in element.attrib.items() if "}" not in name}


def children(element: ET.Element, *names: str) -> Iterator[ET.Element]:
    return (child for child in element if isinstance(child.tag, str) and local(child.tag) in names)


def descendants(element: ET.Element, *names: str) -> Iterator[ET.Element]:
    return (one for one in element.iter() if isinstance(one.tag, str) and local(one.tag) in names)


def all_text(element: ET.Element | None) -> str:
    return "".join(element.itertext()) if element is not None else ""


def legal(text: str) -> str:
    """*text* without characters that XML cannot hold at all."""
    return _NOT_XML.sub("", text)


def to_bytes(root: ET.Element) -> bytes:
    body: bytes = ET.tostring(root, "utf-8")
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + body + b"\n"
