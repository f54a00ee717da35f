"""Letters: the Turkmen alphabet, and what is put right in any text that comes in.

Text is kept as NFC with ``ş`` = U+015F, the hyphen U+002D and no soft hyphen
(docs: subtitles, decision 2). What a person could notice is named, so that
the import report can say it.
"""

from __future__ import annotations

import unicodedata

TURKMEN = "abçdeäfghijžklmnňoöprsştuüwyýz"
"""The thirty letters, in alphabetical order."""

TURKMEN_MARKED = frozenset("çäžňöşüýÇÄŽŇÖŞÜÝ")
"""Those that ASCII does not have: what a wrong code page damages first."""

TURKISH_ONLY = frozenset("İıĞğ")
"""Turkish letters that no Turkmen word has; so do v, q and x, but names from abroad keep those."""

MAX_MARKS = 8
"""Combining marks kept on one letter; more is a drawing, not writing."""

_REPLACED = {
    "\u2010": "-",
    "\u2011": "-",
    "\u00ad": "",  # soft hyphen
    "\u200b": "",  # zero-width space
    "\u2060": "",  # word joiner
    "\ufeff": "",  # byte order mark inside the text
    "\u2028": "\n",
    "\u2029": "\n",
    "\u0085": "\n",
    "\t": " ",
}
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_CEDILLA = str.maketrans("șȘ", "şŞ")


def tidy(text: str) -> tuple[str, tuple[str, ...]]:
    """*text* as the product stores it, and the codes of what was changed, each once.

    NFC                  composed differently; looks the same
    HYPHEN               U+2010, U+2011 became "-"
    SOFT_HYPHEN          removed, also zero-width space, word joiner and stray byte order marks
    LINE_SEPARATOR       U+2028, U+2029, U+0085 became a new line
    TAB                  became a space
    BIDI                 marks that turn the writing direction, removed
    CONTROL              other control characters, removed
    MARKS                more than eight marks on one letter, the rest removed
    COMMA_BELOW          ș became ş (not in a text that has ț: that is Romanian)

    Never removes a letter, a figure or punctuation.
    """
    if text.isascii() and text.replace("\n", "").isprintable():
        return text, ()
    changed: dict[str, None] = {}
    if not unicodedata.is_normalized("NFC", text):
        changed["NFC"] = None
        text = unicodedata.normalize("NFC", text)
    kept: list[str] = []
    marks = 0
    for char in text:
        category = unicodedata.category(char)
        marks = marks + 1 if category in {"Mn", "Me"} else 0
        if char in _REPLACED:
            changed[_name_of(char)] = None
            kept.append(_REPLACED[char])
        elif char in _BIDI:
            changed["BIDI"] = None
        elif category == "Cc" and char != "\n":
            changed["CONTROL"] = None
        elif marks > MAX_MARKS:
            changed["MARKS"] = None
        else:
            kept.append(char)
    text = "".join(kept)
    if ("ș" in text or "Ș" in text) and "ț" not in text.lower():
        changed["COMMA_BELOW"] = None
        text = text.translate(_CEDILLA)
    # Taking a character out can bring a letter and a mark together.
    return unicodedata.normalize("NFC", text), tuple(changed)


def _name_of(char: str) -> str:
    match char:
        case "\u2010" | "\u2011":
            return "HYPHEN"
        case "\u2028" | "\u2029" | "\u0085":
            return "LINE_SEPARATOR"
        case "\t":
            return "TAB"
        case _:
            return "SOFT_HYPHEN"


def script_of(char: str) -> str:
    """ "Latn", "Cyrl", or "" for anything that is not a letter of those two."""
    code = ord(char)
    if char.isalpha():
        if 0x0400 <= code <= 0x052F:
            return "Cyrl"
        if code < 0x0250 or 0x1E00 <= code <= 0x1EFF:
            return "Latn"
    return ""
