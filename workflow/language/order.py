"""Alphabetical order, case, and how numbers, dates and times are written in Turkmen.

The facts are CLDR's for `tk` (release 48, as ICU 78 and Babel give them); the
tests compare with Babel. ICU itself, 65 MB, is not needed for thirty letters.
"""

from __future__ import annotations

import unicodedata
from datetime import date, time
from decimal import Decimal

from workflow.language.letters import TURKMEN

MONTHS = [
    "ýanwar",
    "fewral",
    "mart",
    "aprel",
    "maý",
    "iýun",
    "iýul",
    "awgust",
    "sentýabr",
    "oktýabr",
    "noýabr",
    "dekabr",
]
WEEKDAYS = ["duşenbe", "sişenbe", "çarşenbe", "penşenbe", "anna", "şenbe", "ýekşenbe"]

_PLACES = {letter: place for place, letter in enumerate(TURKMEN, start=1)}
# Letters of other languages stand beside the one they look like: c after b, q after p, v and x in their places.
_FOREIGN = {
    "c": _PLACES["b"] + 0.5,
    "q": _PLACES["p"] + 0.5,
    "v": _PLACES["ü"] + 0.5,
    "x": _PLACES["w"] + 0.5,
}


def sort_key(text: str) -> tuple[object, ...]:
    """For `sorted`: a b ç d e ä f g h i j ž k l m n ň o ö p r s ş t u ü w y ý z, capitals after their small letters.

    Figures stand before letters, signs before figures; letters of other alphabets come last.
    """
    text = unicodedata.normalize("NFC", text)
    first: list[tuple[int, float]] = []
    for char in lower(text):
        if char in _PLACES:
            first.append((2, _PLACES[char]))
        elif char in _FOREIGN:
            first.append((2, _FOREIGN[char]))
        elif base := _base(char):
            first.append((2, _PLACES.get(base, _FOREIGN.get(base, 0)) + 0.25))
        elif char.isalpha():
            first.append((3, ord(char)))
        else:
            first.append((1 if char.isdigit() else 0, ord(char)))
    return (tuple(first), tuple(char.isupper() for char in text), text)


def _base(char: str) -> str:
    """The letter under the marks of a foreign one: é stands with e."""
    base = unicodedata.normalize("NFD", char)[0]
    return base if base != char and base in _PLACES | _FOREIGN else ""


def upper(text: str) -> str:
    """ýigit is ÝIGIT: i and I are one letter, never the İ of Turkish."""
    return text.upper()


def lower(text: str) -> str:
    return text.replace("İ", "i").lower()


def number(value: int | Decimal, places: int | None = None) -> str:
    """``1 234 567,891``: groups of three parted by no-break spaces, so that no line breaks there."""
    shown = f"{abs(value):,}" if places is None else f"{abs(value):,.{places}f}"
    sign = "-" if value < 0 else ""
    return sign + shown.translate(str.maketrans(",.", "\u00a0,"))


def percent(value: int | Decimal) -> str:
    """``26 %``, with a no-break space."""
    return f"{number(value)}\u00a0%"


def manat(value: Decimal | int) -> str:
    """``1 234,50 manat``, with no-break spaces; whole sums have no teňňe."""
    whole = value == int(value)
    return f"{number(int(value) if whole else value, None if whole else 2)}\u00a0manat"


def short_date(day: date) -> str:
    """``03.11.2026``"""
    return f"{day.day:02d}.{day.month:02d}.{day.year}"


def long_date(day: date, *, weekday: bool = False) -> str:
    """``3 noýabr 2026``, and with its weekday ``3 noýabr 2026 sişenbe``."""
    tail = f" {WEEKDAYS[day.weekday()]}" if weekday else ""
    return f"{day.day}\u00a0{MONTHS[day.month - 1]} {day.year}{tail}"


def clock_time(at: time) -> str:
    """``14:05``"""
    return f"{at.hour:02d}:{at.minute:02d}"
