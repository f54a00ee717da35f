from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.language.letters import TURKMEN
from workflow.language.scripts import from_old_latin, to_cyrillic, to_latin

DATA = Path(__file__).parent / "data"


def words(script: str) -> list[str]:
    text = (DATA / f"declaration-second-half.tk-{script}.txt").read_text("utf-8")
    return re.findall(r"[^\W\d_]+", text)


@pytest.mark.parametrize(
    ("cyrillic", "latin"),
    [
        ("ер дүе субъект мертебе", "ýer düýe subýekt mertebe"),
        ("Эл, әхли", "El, ähli"),
        ("Юрт ЮРТ Ёл Я", "Ýurt ÝURT Ýol Ýa"),
        ("конституция", "konstitusiýa"),
        ("альбом щётка", "albom şçýotka"),
        ("Җан, ңән 15%", "Jan, ňän 15%"),
        ("эдйәр айыплама", "edýär aýyplama"),
    ],
)
def test_cyrillic_turkmen_becomes_latin(cyrillic: str, latin: str) -> None:
    assert to_latin(cyrillic) == latin


def test_latin_to_cyrillic_and_back_changes_no_word() -> None:
    assert [word for word in words("Latn") if to_latin(to_cyrillic(word)) != word] == []


@given(st.text(alphabet=TURKMEN, min_size=1, max_size=8).filter(lambda w: "şç" not in w))
def test_any_word_of_turkmen_letters_comes_back_from_cyrillic(word: str) -> None:
    assert to_latin(to_cyrillic(word)) == word


def test_cyrillic_to_latin_and_back_loses_only_letters_of_loanwords() -> None:
    lost = [word for word in words("Cyrl") if to_cyrillic(to_latin(word)) != word]
    assert all(re.search("[цщъьЦЩЪЬ]", word) for word in lost)


def test_latin_words_stay_in_text_that_becomes_latin_and_foreign_ones_in_cyrillic() -> None:
    assert to_latin("UNODC ве BMG") == "UNODC we BMG"
    assert to_cyrillic("Xavier geldi") == "Xavier гелди"


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("Be¢ ÿyl", "Beş ýyl", 2),
        ("be$ ¥yl", "beş Ýyl", 2),
        ("A¥dyñ £urnal", "Aýdyň Žurnal", 2),
        ("GELÑE$", "GELŇEŞ", 1),
        ("$ 100, 5$ we £5", "$ 100, 5$ we £5", 0),
        ("Häzirki ýazuw", "Häzirki ýazuw", 0),
    ],
)
def test_letters_of_the_nineties_are_renewed_inside_words_alone(
    old: str, new: str, changed: int
) -> None:
    assert from_old_latin(old) == (new, changed)
