"""File names that every disk, player and projector takes: plain letters, digits, dot, dash, underscore."""

from __future__ import annotations

import re
import unicodedata

from workflow.language.scripts import to_latin
from workflow.media.names import display_name

MOST = 80  # characters, so that folder and file fit into the 255 of FAT and the 260 of old Windows
FAT32_MOST = 0xFFFFFFFF  # bytes of one file

#: The letters of Turkmen that are not a plain letter with a mark over it, and a few neighbours.
_LETTERS = str.maketrans({"ı": "i", "ß": "ss", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "№": "N"})


def plain_name(text: str) -> str:
    """*text* in plain ASCII, at most 80 characters, never empty: "Ýol hereketi №2" → "Yol_hereketi_N2".

    Cyrillic is written in Latin letters first; what has no Latin letter becomes an underscore.
    """
    latin = to_latin(display_name(text)).translate(_LETTERS)
    letters = unicodedata.normalize("NFKD", latin)
    letters = "".join(c for c in letters if not unicodedata.combining(c))
    safe = re.sub(r"[^A-Za-z0-9.-]+", "_", letters)
    safe = re.sub(r"_*([._-])_*", r"\1", safe).strip("._-")
    return safe[:MOST].rstrip("._-") or "film"
