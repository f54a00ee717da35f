"""Rules X: what is written, letter by letter."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from workflow.language.letters import TURKISH_ONLY, script_of
from workflow.qc.pairs import pairs
from workflow.qc.rule import ERROR, WARNING, Hit, LineUp, rule
from workflow.sentences import sentence
from workflow.tracks.text import balance, looks_like_markup

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
            yield Hit(
                at, ERROR, sentence("Nothing stands here for the source's “%(said)s”.", said=said)
            )
        elif pair.source_text.strip() and not pair.target_text.strip():
            yield Hit(pair.targets[0], ERROR, "The translation is missing.")
        elif _is_copied(pair.source_text, pair.target_text):
            yield Hit(pair.targets[0], ERROR, "The text is the source's own.")


def _is_copied(source: str, target: str) -> bool:
    """Equal text that a translation would have changed: more than three letters, and no name or figure."""
    if source.casefold().split() != target.casefold().split():
        return False
    words = WORD.findall(target)
    return sum(map(len, words)) > 3 and not all(word[0].isupper() for word in words)


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
        if shown := looks_like_markup(cue.text):
            yield Hit(
                i,
                ERROR,
                sentence("Viewers would see %(shown)s.", shown=repr(shown[:40])),
                fix=True,
            )
        elif balance(cue.text)[1]:
            yield Hit(i, ERROR, "A tag is not closed, or closed twice.", fix=True)


@rule("X05", "Three dots in one form")
def ellipsis(track: LineUp) -> Iterator[Hit]:
    right = track.profile.ellipsis
    wrong = "..." if right == "…" else "…"
    for i, text in enumerate(track.texts):
        if wrong in text:
            yield Hit(
                i,
                WARNING,
                sentence("%(wrong)s is written %(right)s here.", wrong=wrong, right=right),
                fix=True,
            )


_PUNCTUATION = frozenset("\u00a0–—…’‘“”„«»‹›№§°♪♫€£×")


@rule("X15", "Only letters and signs of the language")
def strange_characters(track: LineUp) -> Iterator[Hit]:
    for i, text in enumerate(track.texts):
        strange = sorted({char for char in text if not _belongs(char, track.language)})
        if strange:
            shown = ", ".join(f"{c!r} U+{ord(c):04X}" for c in strange[:5])
            fix = confusables_mended(text, track.language) != text
            yield Hit(
                i,
                ERROR,
                sentence("Not of this language or its punctuation: %(shown)s.", shown=shown),
                fix,
            )


@lru_cache(maxsize=10_000)
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


# Signs that a wrong code page or keyboard left for a letter, inside words; and marks that have a usual form.
_LETTERS_FOR = str.maketrans("ºªþÞțȚƶ", "şŞşŞşŞž")
_MARKS_FOR = {
    "\u2012": "–", "\u2015": "—", "\u2212": "-", "\u2033": "”", "\u2032": "’", "\u02bc": "’", "\u201b": "‘",
    "\u201f": "“", "\u2009": " ", "\u202f": "\u00a0", "\u2003": " ", "\u2002": " ", "\u3000": " ", "\u266a\ufe0e": "♪",
    "\u2022": "-", "\uff1f": "?", "\uff01": "!", "\uff0c": ",", "\u037e": ";", "\u00ad": "", "\u200b": "",
}  # fmt: skip
_SIGN_IN_WORD = re.compile(r"(?:(?<=[^\W\d_])[ºªþÞțȚƶ]|[ºªþÞțȚƶ](?=[^\W\d_]))")


def confusables_mended(text: str, language: str) -> str:
    """*text* with look-alike signs as the letters and marks that they stand for."""
    for sign, mark in _MARKS_FOR.items():
        text = text.replace(sign, mark)
    if language.partition("-")[0] == "tk" and "Cyrl" not in language:
        text = _SIGN_IN_WORD.sub(lambda found: found[0].translate(_LETTERS_FOR), text)
    return text


@rule("X16", "One alphabet in a word")
def mixed_alphabets(track: LineUp) -> Iterator[Hit]:
    for i, text in enumerate(track.texts):
        if not _FOREIGN_LETTERS.search(text) and (
            text.isascii() or not (_CYRILLIC.search(text) and _LATIN.search(text))
        ):
            continue
        for word in WORD.findall(text):
            fix = _word_mended(word, track) != word
            if len({script for char in word if (script := script_of(char))}) > 1:
                yield Hit(
                    i, ERROR, sentence("Letters of two alphabets in “%(word)s”.", word=word), fix
                )
            elif track.is_turkmen_latin and (foreign := _not_turkmen(word)):
                yield Hit(
                    i,
                    ERROR,
                    sentence(
                        "No Turkmen word has %(foreign)s: “%(word)s”.",
                        foreign=repr(foreign),
                        word=word,
                    ),
                    fix,
                )


_FOREIGN_LETTERS = re.compile(r"[vqxñòİıĞğþÞţŢ]")
_CYRILLIC = re.compile(r"[\u0400-\u052f]")
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f]")
_CYRILLIC_LOOK = "аеорсухіјһәөАВЕКМНОРСТУХІЈӘӨ"
_LATIN_LOOK = "aeopcyxijhäöABEKMHOPCTYXIJÄÖ"
_TO_LATIN = str.maketrans(_CYRILLIC_LOOK, _LATIN_LOOK)
_TO_CYRILLIC = str.maketrans(dict(zip(_LATIN_LOOK, _CYRILLIC_LOOK, strict=True)))
_FOR_TURKISH = str.maketrans("İıĞğvñòþÞ", "IyGgwňňşŞ")


def alphabets_mended(text: str, track: LineUp) -> str:
    """*text* with the words that X16 finds put right, as far as that gives a word the dictionary knows
    (İ is always I)."""
    return WORD.sub(lambda found: _word_mended(found[0], track), text)


def _word_mended(word: str, track: LineUp) -> str:
    scripts = [script for char in word if (script := script_of(char))]
    latin = scripts.count("Latn")
    if 0 < latin < len(scripts):
        made = word.translate(
            _TO_LATIN if track.is_turkmen_latin or latin * 2 > len(scripts) else _TO_CYRILLIC
        )
        return made if len({script_of(char) for char in made} - {""}) == 1 else word
    if not track.is_turkmen_latin or not _not_turkmen(word):
        return word
    made = word.translate(_FOR_TURKISH)
    only_dotted = set(word) & set("ıĞğvñòþÞqx") == set()
    return made if only_dotted or track.lore.speller.knows(made) else word


def _not_turkmen(word: str) -> str:
    """The first letter of *word* that no Turkmen word has.

    v, q and x stand in names from abroad, ñ and ò too, which else are ň read in a wrong code page:
    in a word with a capital they are let pass.
    """
    for char in word:
        if char in TURKISH_ONLY or char in "þÞţŢ" or (char in "vqxñò" and word[0].islower()):
            return char
    return ""
