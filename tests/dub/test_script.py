"""Dub lines from cues, syllables, numbers in words, the cue sheet."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.dub.script import (
    cue_sheet,
    dub_lines,
    number_in_words,
    numbers_in_words,
    spoken_text,
    syllables,
)
from workflow.errors import BadInput
from workflow.timebase import FLICKS_PER_SECOND as SECOND
from workflow.tracks.cues import Cue


def cue(number: int, start: float, end: float, text: str, speaker: str = "") -> Cue:
    return Cue(f"c{number}", round(start * SECOND), round(end * SECOND), text, speaker)


def test_every_vowel_is_a_syllable_and_y_with_acute_is_none() -> None:
    assert syllables("Ýagdaýy düşündiriň.") == 7
    assert syllables("Адам сөвдасы") == 5
    assert syllables("Brr… 1 % !") == syllables("bir")


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "nol"),
        (10, "on"),
        (21, "ýigrimi bir"),
        (100, "ýüz"),
        (365, "üç ýüz altmyş bäş"),
        (1000, "müň"),
        (1985, "müň dokuz ýüz segsen bäş"),
        (2_000_001, "iki million bir"),
    ],
)
def test_numbers_have_turkmen_words(number: int, words: str) -> None:
    assert number_in_words(number) == words


@given(st.integers(0, 10**12 - 1))
def test_no_two_numbers_share_their_words(number: int) -> None:
    assert number_in_words(number) != number_in_words((number + 1) % 10**12)


def test_numbers_in_a_text_are_spelled_out_also_with_thin_thousands() -> None:
    assert numbers_in_words("21 adam, 40 300 manat") == "ýigrimi bir adam, kyrk müň üç ýüz manat"
    assert numbers_in_words("1234567890123") == "1234567890123"


def test_markup_and_directions_are_not_spoken() -> None:
    assert spoken_text("- <i>Dur!</i>\n[gapy ýapylýar] Kim bar?") == "Dur! Kim bar?"


def test_a_sentence_over_two_cues_becomes_one_line_when_asked() -> None:
    cues = [
        cue(1, 1, 3, "Men işlemek üçin", "A"),
        cue(2, 3.1, 5, "bu ýere geldim.", "A"),
        cue(3, 5.1, 7, "Sen nireden?", "B"),
    ]
    assert len(dub_lines(cues)) == 3
    first, second = dub_lines(cues, merge=True)
    assert (first.text, first.cues) == ("Men işlemek üçin bu ýere geldim.", ("c1", "c2"))
    assert (first.end, second.number) == (5 * SECOND, 2)


def test_a_script_without_words_is_refused() -> None:
    with pytest.raises(BadInput) as refused:
        dub_lines([cue(1, 0, 1, "[saz]"), cue(2, 1, 2, "♪ ♪")])
    assert refused.value.code == "SCRIPT_EMPTY"
    with pytest.raises(BadInput):
        dub_lines([])


def test_the_cue_sheet_gives_a_spreadsheet_no_formula() -> None:
    sheet = cue_sheet(dub_lines([cue(1, 1, 2, "=1+1", "+A")]), [("ok", "")])
    row = next(csv.DictReader(io.StringIO(sheet)))
    assert (row["text"], row["speaker"], row["in"]) == ("'=1+1", "'+A", "00:00:01.000")
