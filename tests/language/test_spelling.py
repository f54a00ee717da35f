"""Spelling, on text that nobody chose for it."""

from __future__ import annotations

import subprocess
import sys
import unicodedata
from functools import cache
from pathlib import Path

import pytest

from workflow.language.letters import tidy
from workflow.language.spelling import WORD, Speller, turkmen

DECLARATION = Path(__file__).parent / "data" / "declaration-second-half.tk-Latn.txt"
UNMARKED = str.maketrans("äöüşňžçýÄÖÜŞŇŽÇÝ", "aousnzcyAOUSNZCY")


@cache
def words() -> tuple[str, ...]:
    return tuple(WORD.findall(tidy(DECLARATION.read_text("utf-8"))[0]))


def test_good_turkmen_text_has_few_false_alarms_after_normalisation() -> None:
    wrong = [word for word in words() if not turkmen().knows(word)]
    assert len(wrong) <= 0.015 * len(words()), wrong


def test_letters_taken_apart_are_judged_like_whole_ones() -> None:
    for word in words()[:200]:
        assert turkmen().knows(unicodedata.normalize("NFD", word)) == turkmen().knows(word)


@pytest.mark.parametrize("word", ["adamlarin", "hukukk", "kanunçylyyk", "dusunmeginin", "aaaa", ""])
def test_wrong_words_are_not_known(word: str) -> None:
    assert not turkmen().knows(word)


@pytest.mark.parametrize(
    "word",
    ["ýaşaýyşyny", "Deklarasiýanyň", "DEKLARASIÝASYNY", "ekspluatasiýadan", "migrantlaryň", "hem-de",
     "ýurdundan-da", "ýa\u2010da", "prezumpsiýasy", "birleşmä"],
)  # fmt: skip
def test_words_that_the_dictionary_lacks_are_known_with_their_endings(word: str) -> None:
    assert turkmen().knows(word)


def test_the_words_of_a_project_are_known_with_endings_and_capitals() -> None:
    speller = Speller(["Kerimberdi", "Brus Li"])
    assert not turkmen().knows("Kerimberdiniň")
    assert all(map(speller.knows, ["Kerimberdi", "Kerimberdiniň", "KERIMBERDI", "Brusyň"]))
    assert not speller.knows("Kerimberdilk")


def test_missing_marks_are_restored_right_first_in_85_of_100_words() -> None:
    first = among = asked = 0
    for word, following in zip(words(), [*words()[1:], ""], strict=True):
        typed = word.translate(UNMARKED)
        if typed == word or "-" in word or not turkmen().knows(word) or turkmen().knows(typed):
            continue
        restored = turkmen().restored(typed, following=following)
        asked += 1
        first += restored[:1] == (word,)
        among += word in restored
    assert asked > 200
    assert first >= 0.85 * asked
    assert among >= 0.95 * asked


def test_a_text_typed_without_marks_is_read_with_them() -> None:
    text = tidy(DECLARATION.read_text("utf-8"))[0]
    read, doubtful = turkmen().remarked(text.translate(UNMARKED))
    right = sum(a == b for a, b in zip(WORD.findall(text), WORD.findall(read), strict=True))
    assert right >= 0.95 * len(words())
    assert "nikalasylanda" in doubtful
    assert turkmen().remarked("– Men <u>sular</u>, 5-nji!")[0] == "– Men <u>şular</u>, 5-nji!"


def test_the_genitive_is_preferred_before_a_noun() -> None:
    assert turkmen().restored("kanunyn", following="häkimligi")[0] == "kanunyň"


def test_suggestions_keep_capitals_and_fall_back_on_the_dictionary() -> None:
    assert turkmen().suggest("Dusunje")[0] == "Düşünje"
    assert turkmen().suggest("HUKUKLARYNYN")[0] == "HUKUKLARYNYŇ"
    assert "kanun" in turkmen().suggest("kanuun")


def test_stems_join_the_forms_of_a_word_and_harden_softened_ends() -> None:
    assert "söwda" in turkmen().stems("söwdasyna")
    assert "zorluk" in turkmen().stems("zorlugyň")
    assert "migrant" in turkmen().stems("migrantlaryň")
    assert "reabilitasiýa" in turkmen().stems("reabilitasiýasyndan")


def test_a_word_of_thousands_of_letters_is_refused_at_once() -> None:
    assert not turkmen().knows("a" * 100_000)
    assert turkmen().suggest("a" * 100_000) == ()


def test_importing_the_checks_does_not_load_the_dictionary() -> None:
    code = "import sys, workflow.qc; assert 'hunspell' not in sys.modules; assert 'rapidfuzz' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])
