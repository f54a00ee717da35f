from __future__ import annotations

import random
from datetime import date, time
from decimal import Decimal

import pytest
from babel.dates import format_date
from babel.numbers import format_decimal, format_percent
from hypothesis import given
from hypothesis import strategies as st

from workflow.language import order
from workflow.language.letters import TURKMEN
from workflow.language.numbers import (
    MOST,
    cardinal,
    decimal_number,
    ordinal,
    spoken,
    values_in,
    written_ordinal,
)
from workflow.language.spelling import turkmen


def test_thirty_letters_sort_in_the_order_of_the_alphabet() -> None:
    letters = list(TURKMEN)
    random.Random(3).shuffle(letters)
    assert "".join(sorted(letters, key=order.sort_key)) == TURKMEN


def test_words_sort_by_the_alphabet_with_foreign_letters_beside_their_own() -> None:
    given_words = [
        "çaga",
        "zor",
        "éclair",
        "eje",
        "Cyrus",
        "bar",
        "dost",
        "çak",
        "ýer",
        "yk",
        "7",
        "öý",
        "oýun",
    ]
    assert sorted(given_words, key=order.sort_key) == [
        "7", "bar", "Cyrus", "çaga", "çak", "dost", "eje", "éclair", "oýun", "öý", "yk", "ýer", "zor",
    ]  # fmt: skip


def test_case_is_plain_and_never_turkish() -> None:
    assert (order.upper("ýigit"), order.lower("TÜRKMENISTAN")) == ("ÝIGIT", "türkmenistan")
    assert order.lower("TÜRKMENİSTAN") == "türkmenistan"


@given(st.integers(-(10**12), 10**12))
def test_numbers_are_grouped_as_cldr_says(value: int) -> None:
    assert order.number(value) == format_decimal(value, locale="tk").replace("\u202f", "\u00a0")


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)))
def test_dates_are_written_as_cldr_says(day: date) -> None:
    assert order.short_date(day) == format_date(day, "short", locale="tk")
    assert order.long_date(day).replace("\u00a0", " ") == format_date(day, "long", locale="tk")
    assert order.long_date(day, weekday=True).replace("\u00a0", " ") == format_date(
        day, "full", locale="tk"
    )


def test_the_formats_of_the_guide() -> None:
    assert order.number(Decimal("1234567.891"), 3) == "1\u00a0234\u00a0567,891"
    assert order.manat(Decimal("1234.5")) == "1\u00a0234,50\u00a0manat"
    assert order.percent(26) == format_percent(Decimal("0.26"), locale="tk") == "26\u00a0%"
    assert order.long_date(date(2026, 11, 3)) == "3\u00a0noýabr 2026"
    assert order.clock_time(time(14, 5)) == "14:05"


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "nol"),
        (7, "ýedi"),
        (11, "on bir"),
        (100, "ýüz"),
        (1948, "müň dokuz ýüz kyrk sekiz"),
        (2000, "iki müň"),
        (1_000_000, "bir million"),
        (-15, "minus on bäş"),
    ],
)
def test_numbers_are_said_in_turkmen(number: int, words: str) -> None:
    assert cardinal(number) == words


@given(st.integers(2, MOST).filter(lambda n: n != 100))
def test_every_number_is_understood_again(number: int) -> None:
    assert values_in(cardinal(number).split()) == [number]
    assert values_in(ordinal(number).split()) == [number]


@pytest.mark.parametrize("number", [*range(1, 20), *range(20, 100, 10), 100, 1000])
def test_every_simple_ordinal_is_in_the_dictionary(number: int) -> None:
    assert turkmen().knows(ordinal(number).split()[-1])


def test_ordinals_in_figures_take_the_ending_of_their_last_word() -> None:
    assert [written_ordinal(n) for n in (1, 6, 10, 40, 2026)] == [
        "1-nji", "6-njy", "10-njy", "40-njy", "2026-njy",
    ]  # fmt: skip


def test_a_number_too_large_to_say_is_refused() -> None:
    with pytest.raises(ValueError, match="too large"):
        cardinal(MOST + 1)
    with pytest.raises(ValueError, match="too many places"):
        decimal_number(Decimal("0.1234567"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2026-njy ýyl", "iki müň ýigrimi altynjy ýyl"),
        ("1 234,50 TMT", "müň iki ýüz otuz dört manat elli teňňe"),
        ("500 manat", "bäş ýüz manat"),
        ("$100", "ýüz dollar"),
        ("26 %", "ýigrimi alty göterim"),
        ("2,5 kg", "iki bitin ondan bäş kg"),
        ("sagat 14:05-de", "sagat on dört sagat bäş minutde"),
        ("08:00", "sekiz sagat"),
        ("03.11.2026", "iki müň ýigrimi altynjy ýylyň üçünji noýabry"),
        ("25-den 4-i", "ýigrimi bäşden dördi"),
        ("5-6 adam", "bäş-alty adam"),
        ("-5 gradus", "minus bäş gradus"),
        ("+993 12 34-56", "dokuz dokuz üç bir iki üç dört bäş alty"),
        ("007", "nol nol ýedi"),
        ("Sanlar ýok.", "Sanlar ýok."),
        ("99.99.2026", "99.99.2026"),
    ],
)
def test_figures_of_a_script_are_said(text: str, said: str) -> None:
    assert spoken(text) == said


def test_words_that_only_look_like_numbers_say_none() -> None:
    assert values_in(["bu", "bir", "kitap", "we", "üçin", "onuň", "alty-da"]) == []
    assert values_in(["on", "bäş", "adam", "müň", "ýüz", "ýigrimi", "bäşden"]) == [15, 1125]
