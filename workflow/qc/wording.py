"""Rules X: what is written, letter by letter."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from workflow.language.letters import TURKISH_ONLY, script_of
from workflow.qc.pairs import pairs
from workflow.qc.rule import ERROR, WARNING, Hit, LineUp, rule
from workflow.tracks.text import KNOWN_TAG, OVERRIDE, TAG, balance

WORD = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*")


@rule("X01", "Has text")
def empty(track: LineUp) -> Iterator[Hit]:
    for i, text in enumerate(track.texts):
        if not text.strip():
            yield Hit(i, ERROR, "The cue has no text.", fix=True)


@rule("X02", "Is translated", "source")
def not_translated(track: LineUp) -> Iterator[Hit]:
    for pair in pairs(track):
        if not pair.targets:
            at = min(pair.place, len(track.cues) - 1)
            said = " ".join(pair.source_text.split())[:60]
            yield Hit(at, ERROR, f"Nothing stands here for the source's “{said}”.")
        elif pair.source_text.strip() and not pair.target_text.strip():
            yield Hit(pair.targets[0], ERROR, "The translation is missing.")
        elif _is_copied(pair.source_text, pair.target_text):
            yield Hit(pair.targets[0], ERROR, "The text is the source's own.")


def _is_copied(source: str, target: str) -> bool:
    """Equal text that a translation would have changed: more than three letters, and no name or figure."""
    words = WORD.findall(target)
    return (
        " ".join(source.split()).casefold() == " ".join(target.split()).casefold()
        and sum(map(len, words)) > 3
        and not all(word[0].isupper() for word in words)
    )


_SPACE = re.compile(r"[  ]{2,}|^[ \u00a0]+|[ \u00a0]+$|[ \u00a0]+(?=[,.!?](?!\.))", re.MULTILINE)


@rule("X03", "No stray spaces")
def stray_spaces(track: LineUp) -> Iterator[Hit]:
    for i, text in enumerate(track.texts):
        if text.strip() and _SPACE.search(text):
            yield Hit(
                i, WARNING, "Two spaces together, at the end of a line or before a mark.", True
            )


@rule("X04", "Tags are whole and none is shown")
def tags(track: LineUp) -> Iterator[Hit]:
    for i, cue in enumerate(track.cues):
        if shown := (KNOWN_TAG.search(TAG.sub("", cue.text)) or OVERRIDE.search(cue.text)):
            yield Hit(i, ERROR, f"Viewers would see {shown[0][:40]!r}.", fix=True)
        elif balance(cue.text)[1]:
            yield Hit(i, ERROR, "A tag is not closed, or closed twice.", fix=True)


@rule("X05", "Three dots in one form")
def ellipsis(track: LineUp) -> Iterator[Hit]:
    right = track.profile.ellipsis
    wrong = "..." if right == "…" else "…"
    for i, text in enumerate(track.texts):
        if wrong in text:
            yield Hit(i, WARNING, f"{wrong} is written {right} here.", fix=True)


_PUNCTUATION = frozenset("\u00a0–—…’‘“”„«»‹›№§°♪♫€£×")


@rule("X15", "Only letters and signs of the language")
def strange_characters(track: LineUp) -> Iterator[Hit]:
    if not track.profile.closed_characters:
        return
    for i, text in enumerate(track.texts):
        strange = sorted({char for char in text if not _belongs(char, track.language)})
        if strange:
            shown = ", ".join(f"{c!r} U+{ord(c):04X}" for c in strange[:5])
            yield Hit(i, ERROR, f"Not of this language or its punctuation: {shown}.")


def _belongs(char: str, language: str) -> bool:
    if char.isascii():
        return char == "\n" or char.isprintable()
    if char in _PUNCTUATION:
        return True
    category = unicodedata.category(char)
    base = language.partition("-")[0]
    if base == "ru" or "Cyrl" in language:
        return category in {"Ll", "Lu"} and script_of(char) in {"Cyrl", "Latn"}
    if base in {"tk", "en"}:
        # Names from abroad keep their letters (é, ć); the ordinals ª º are damage, not letters.
        return category in {"Ll", "Lu"} and script_of(char) == "Latn" and ord(char) < 0x180
    return category[0] != "C" or category == "Cf"


@rule("X16", "One alphabet in a word")
def mixed_alphabets(track: LineUp) -> Iterator[Hit]:
    for i, text in enumerate(track.texts):
        for word in WORD.findall(text):
            if len({script for char in word if (script := script_of(char))}) > 1:
                yield Hit(i, ERROR, f"Letters of two alphabets in “{word}”.")
            elif track.is_turkmen_latin and (foreign := _not_turkmen(word)):
                yield Hit(i, ERROR, f"No Turkmen word has {foreign!r}: “{word}”.")


def _not_turkmen(word: str) -> str:
    """The first letter of *word* that no Turkmen word has.

    v, q and x stand in names from abroad, ñ and ò too, which else are ň read in a wrong code page:
    in a word with a capital they are let pass.
    """
    for char in word:
        if char in TURKISH_ONLY or char in "þÞţŢ" or (char in "vqxñò" and word[0].islower()):
            return char
    return ""
