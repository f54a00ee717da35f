from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.language.letters import TURKMEN, script_of, tidy


@given(st.text())
def test_tidying_twice_is_tidying_once(text: str) -> None:
    once, _ = tidy(text)
    assert tidy(once) == (once, ())
    assert unicodedata.is_normalized("NFC", once)


@given(st.text(alphabet=TURKMEN + TURKMEN.upper() + " \n.,!?–—…“”«»0123456789<>&{}"))
def test_good_turkmen_text_is_left_as_it_is(text: str) -> None:
    assert tidy(text) == (text, ())


@pytest.mark.parametrize(
    ("text", "tidied", "code"),
    [
        ("is\u0327", "iş", "NFC"),
        ("hem\u2010de", "hem-de", "HYPHEN"),
        ("kanun\u00adçylyk", "kanunçylyk", "SOFT_HYPHEN"),
        ("bir\u2028iki", "bir\niki", "LINE_SEPARATOR"),
        ("bir\tiki", "bir iki", "TAB"),
        ("\u202ebir\u202c", "bir", "BIDI"),
        ("bir\x07", "bir", "CONTROL"),
        ("a" + "\u0316" * 20, "a" + "\u0316" * 8, "MARKS"),
        ("baș", "baş", "COMMA_BELOW"),
    ],
)
def test_what_is_put_right_is_named(text: str, tidied: str, code: str) -> None:
    assert tidy(text) == (tidied, (code,))


def test_romanian_keeps_its_comma_below() -> None:
    assert tidy("și țară") == ("și țară", ())


def test_the_alphabet_has_thirty_letters_of_one_script() -> None:
    assert len(set(TURKMEN)) == 30
    assert {script_of(letter) for letter in TURKMEN} == {"Latn"}
    assert (script_of("ж"), script_of("7")) == ("Cyrl", "")
