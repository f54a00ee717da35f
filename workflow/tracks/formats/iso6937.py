"""ISO 6937, the letters of EBU-STL: an accent's byte, then the letter (EBU Tech 3264, code table 00)."""

from __future__ import annotations

import unicodedata

_ACCENTS = {
    0xC1: "\u0300",
    0xC2: "\u0301",
    0xC3: "\u0302",
    0xC4: "\u0303",
    0xC5: "\u0304",
    0xC6: "\u0306",
    0xC7: "\u0307",
    0xC8: "\u0308",
    0xC9: "\u0308",  # the umlaut of older tables
    0xCA: "\u030a",
    0xCB: "\u0327",
    0xCD: "\u030b",
    0xCE: "\u0328",
    0xCF: "\u030c",
}
_BYTES = {mark: byte for byte, mark in reversed(_ACCENTS.items()) if byte != 0xC9}

_SINGLE = dict(
    zip(
        (*range(0xA0, 0xA6), *range(0xA7, 0xC0), *range(0xD0, 0xD8), *range(0xDC, 0xE5)),
        "\u00a0¡¢£$¥§¤‘“«←↑→↓°±²³×µ¶·÷’”»¼½¾¿—¹®©™♪¬¦⅛⅜⅝⅞ΩÆĐªĦ",
        strict=True,
    )
) | dict(zip(range(0xE6, 0x100), "ĲĿŁØŒºÞŦŊŉĸæđðħıĳŀłøœßþŧŋ\u00ad", strict=True))

# What is written for a sign that a table lacks; `$` is 24 for some readers and A4 for others.
REPLACED = {
    "$": "USD",
    "€": "EUR",
    "–": "-",
    "‒": "-",
    "−": "-",
    "\u2010": "-",
    "\u2011": "-",
    "…": "...",
    "„": '"',
    "‚": "'",
    "‹": "'",
    "›": "'",
    "№": "No.",
    "♫": "♪",
    "\u202f": "\u00a0",
    "\u2009": " ",
    "Ð": "Đ",
    "—": "-",
    "“": '"',
    "”": '"',
    "‘": "'",
    "’": "'",
    "«": '"',
    "»": '"',
    "♪": "#",
}
_SPACING = {
    "´": 0xC2,
    "¯": 0xC5,
    "˘": 0xC6,
    "˙": 0xC7,
    "¨": 0xC8,
    "˚": 0xCA,
    "¸": 0xCB,
    "˝": 0xCD,
    "˛": 0xCE,
    "ˇ": 0xCF,
}

# Which letter may follow which accent: what Tech 3264 lists, so that every reader has it.
_ALLOWED = {
    0xC1: "AEIOUaeiou",
    0xC2: "ACEILNORSUYZaceilnorsuyz",
    0xC3: "ACEGHIJOSUWYaceghijosuwy",
    0xC4: "AINOUainou",
    0xC5: "AEIOUaeiou",
    0xC6: "AGUagu",
    0xC7: "CEGIZcegz",
    0xC8: "AEIOUYaeiouy",
    0xCA: "AUau",
    0xCB: "CGKLNRSTcklnrst",
    0xCD: "OUou",
    0xCE: "AEIUaeiu",
    0xCF: "CDELNRSTZcdelnrstz",
}


def _table() -> dict[str, bytes]:
    found = {chr(code): bytes([code]) for code in range(0x20, 0x7F) if code != 0x24}
    for code, char in _SINGLE.items():
        if char not in "$\u00ad":
            found.setdefault(char, bytes([code]))
    for byte, letters in _ALLOWED.items():
        for letter in letters:
            whole = unicodedata.normalize("NFC", letter + _ACCENTS[byte])
            found.setdefault(whole, bytes([byte, ord(letter)]))
    for char, byte in _SPACING.items():
        found.setdefault(char, bytes([byte, 0x20]))
    return found


_ENCODED = _table()


def encode(char: str) -> bytes | None:
    """The bytes of one character; None if the table lacks it."""
    return _ENCODED.get(char)


def decode(data: bytes) -> tuple[str, list[int]]:
    """Text in NFC, and the bytes that stand for nothing (each is a U+FFFD in the text)."""
    out: list[str] = []
    unknown: list[int] = []
    accent = ""
    for code in data:
        if code in _ACCENTS:
            accent = _ACCENTS[code]
            continue
        char = chr(code) if 0x20 <= code < 0x7F else _SINGLE.get(code, "")
        if not char:
            unknown.append(code)
            char = "\ufffd"
        if accent and char == " ":
            char = next((c for c, byte in _SPACING.items() if _ACCENTS[byte] == accent), " ")
            accent = ""
        out.append(char + accent)
        accent = ""
    return unicodedata.normalize("NFC", "".join(out)), unknown
