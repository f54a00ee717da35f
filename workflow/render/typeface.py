"""The letters that films are drawn with: one folder of fonts, the same on every machine.

Noto Sans has every Turkmen and Russian letter; Noto Sans Symbols has the ♪ of songs. libass loads
every font of the folder it is given and asks fontconfig for the rest, so fontconfig is pointed at the
same folder and characters that none of our fonts has are marked before libass sees them.
"""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

FONTS_DIR = Path(__file__).parent / "fonts"
FAMILY = "Noto Sans"
MISSING = (
    "\ufffd"  # the replacement character, which Noto Sans draws as a question mark in a diamond
)

#: Characters that shape text and have no picture of their own; HarfBuzz knows them without the font.
_UNSEEN = frozenset("\u200b\u200c\u200d\u200e\u200f\u2060\u00ad")


def use_only_our_fonts() -> None:
    """Point fontconfig of every ffmpeg started from now on at our folder."""
    os.environ["FONTCONFIG_FILE"] = str(FONTS_DIR / "fonts.conf")


@lru_cache(maxsize=1)
def fonts_hash() -> str:
    """SHA-256 over the fonts: part of what names a segment."""
    whole = hashlib.sha256()
    for font in sorted(FONTS_DIR.glob("*.ttf")):
        whole.update(hashlib.sha256(font.read_bytes()).digest())
    return whole.hexdigest()


@lru_cache(maxsize=1)
def drawable() -> frozenset[int]:
    """Code points that the regular face or the symbols can draw."""
    regular = characters((FONTS_DIR / "NotoSans-Regular.ttf").read_bytes())
    symbols = characters((FONTS_DIR / "NotoSansSymbols-Regular.ttf").read_bytes())
    return regular | symbols | {ord(letter) for letter in _UNSEEN}


def characters(font: bytes) -> frozenset[int]:
    """Code points that the `cmap` table of a TrueType font maps to a glyph.

    Formats 4 and 12, which is all that fonts of this century use. Source: OpenType 1.9, "cmap".
    """
    (count,) = struct.unpack_from(">H", font, 4)
    tables = {
        font[at : at + 4]: struct.unpack_from(">I", font, at + 8)[0]
        for at in range(12, 12 + 16 * count, 16)
    }
    cmap = tables[b"cmap"]
    (subtables,) = struct.unpack_from(">H", font, cmap + 2)
    found: set[int] = set()
    for index in range(subtables):
        (offset,) = struct.unpack_from(">I", font, cmap + 8 + 8 * index)
        for first, last in _ranges(font, cmap + offset):
            found.update(range(first, last + 1))
    return frozenset(found - {0xFFFF})


def _ranges(font: bytes, at: int) -> Iterator[tuple[int, int]]:
    """First and last code point of each run of mapped characters."""
    (kind,) = struct.unpack_from(">H", font, at)
    if kind == 4:
        segments = struct.unpack_from(">H", font, at + 6)[0] // 2
        last = struct.unpack_from(f">{segments}H", font, at + 14)
        first = struct.unpack_from(f">{segments}H", font, at + 16 + 2 * segments)
        yield from zip(first, last, strict=True)
    elif kind == 12:
        (groups,) = struct.unpack_from(">I", font, at + 12)
        for group in range(groups):
            start, end = struct.unpack_from(">II", font, at + 16 + 12 * group)
            yield start, end
