"""Which draft a workbook was written from: a keyword in its properties, which table programs keep."""

from __future__ import annotations

import io
import re
import zipfile

from workflow.errors import BadInput
from workflow.tracks.formats import office

_PROPERTIES = "docProps/core.xml"
_NAMED = re.compile(rb"terjime-draft-([0-9a-f]{64})")


def with_draft_named(data: bytes, draft: str) -> bytes:
    """The workbook *data* that says it was made from the draft whose document has the SHA-256 *draft*."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for info in old.infolist():
            body = old.read(info)
            if info.filename == _PROPERTIES:
                keyword = f"<cp:keywords>terjime-draft-{draft}</cp:keywords>".encode()
                body = body.replace(b"</cp:coreProperties>", keyword + b"</cp:coreProperties>")
            new.writestr(info, body, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def draft_named_in(data: bytes) -> str:
    """The SHA-256 of the draft that a workbook was made from; "" for any other file."""
    if not office.is_office(data, _PROPERTIES):
        return ""
    try:
        found = _NAMED.search(office.parts(data).get(_PROPERTIES, b""))
    except BadInput:
        return ""  # the reader says what is wrong with it
    return found[1].decode() if found else ""
