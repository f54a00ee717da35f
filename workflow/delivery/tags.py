"""The tag that each film carries in itself, and finding it in a file's bytes, whatever the container.

Containers keep the comment as plain UTF-8, MP4 near its index and Matroska near either end, also when
another program has packed the film anew. So the first and last megabytes are searched, not parsed.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

ENDS = 16 << 20  # bytes at either end of a file that are searched

_DOT = " · "
_FINAL = re.compile(
    rf"Terjime final{_DOT}track ([0-9a-f]{{16}}){_DOT}film ([0-9a-f]{{16}}){_DOT}recipe ([0-9a-f]{{16}})"
)
_STAMP = re.compile(
    rf"track v(\d{{1,6}}){_DOT}([0-9a-f]{{8}}){_DOT}\d{{4}}-\d\d-\d\d \d\d:\d\d UTC{_DOT}REVIEW"
)
_COMMAND = re.compile(
    r'\{"recipe":"([0-9a-f]{64})"[^{}\x00]{0,600}?"track":"([0-9a-f]{64})"\}', re.DOTALL
)
_IN_BYTES = [re.compile(pattern.pattern.encode()) for pattern in (_FINAL, _STAMP, _COMMAND)]


@dataclass(frozen=True, slots=True)
class Tag:
    """What a film says of itself: beginnings of hashes; "" where it does not say.

    number    of the version, 0 if it does not say
    """

    track: str
    film: str = ""
    recipe: str = ""
    number: int = 0


def read_tag(text: str) -> Tag | None:
    """The tag in *text*: of a final film, of a review build, or of `terjime render`."""
    if found := _FINAL.search(text):
        return Tag(found[1], found[2], found[3])
    if found := _STAMP.search(text):
        return Tag(found[2], number=int(found[1]))
    if found := _COMMAND.search(text):
        return Tag(found[2], recipe=found[1])
    return None


def tag_in(data: bytes) -> str:
    """The tag's text in part of a file; "" if there is none."""
    for pattern in _IN_BYTES:
        if found := pattern.search(data):
            return found[0].decode(errors="replace")
    return ""


def tag_of_file(path: Path) -> str:
    """The text of the tag that a film carries; "" if it carries none of ours."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if found := tag_in(file.read(ENDS)):
            return found
        file.seek(max(ENDS, size - ENDS))
        return tag_in(file.read())
