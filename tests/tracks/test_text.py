from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.tracks.text import as_text, balance, count_characters, from_markup, plain


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Salam!", 6),
        ("Sen\nnireden", 10),  # a line break counts nothing
        ("<i>Salam</i> <b>dost</b>", 10),
        ("{\\an8}Salam", 5),
        ("{Nazar}", 7),
        ("a < b", 5),
        ("ş", 1),
        ("s\u0327", 1),  # the same letter, decomposed
        ("k\u0301", 1),  # one cluster that has no composed form
        ("Sa\u200blam\u200f", 5),
        ("\ta", 2),
        ("\U0001f468\u200d\U0001f469\u200d\U0001f467", 1),  # a family
        ("\U0001f1f9\U0001f1f2\U0001f1f9\U0001f1f2", 2),  # two flags
        ("\U0001f44d\U0001f3fd", 1),
        ("", 0),
    ],
)
def test_characters_are_counted_as_a_viewer_reads_them(text: str, count: int) -> None:
    assert count_characters(text) == count


TAGS = st.lists(
    st.sampled_from(["<i>", "</i>", "<b>", "</b>", "<u>", "</u>", "Söz", "<", "\n"]), max_size=12
).map("".join)


@given(TAGS)
def test_balancing_twice_changes_nothing_more_and_never_a_letter(text: str) -> None:
    balanced, changed = balance(text)
    assert plain(balanced) == plain(text)
    assert balance(balanced) == (balanced, False)
    assert changed == (balanced != text)


@given(TAGS)
def test_reading_our_own_markup_gives_the_same_markup(text: str) -> None:
    once = from_markup(text)
    assert from_markup(once.text).text == once.text
    assert plain(once.text) == plain(text)


def test_bold_weights_and_switches_of_ass_become_tags() -> None:
    assert from_markup("{\\b700}Söz{\\b400} {\\u1}aý{\\u}").text == "<b>Söz</b> <u>aý</u>"
    assert from_markup("{\\blur3\\be1\\iclip(0,0,1,1)}Söz").text == "Söz"


def test_every_line_break_tag_becomes_a_line() -> None:
    assert from_markup("bir<br>iki<BR/>üç").text == "bir\niki\nüç"


def test_literal_tags_are_kept_from_being_markup() -> None:
    assert as_text("a <i>b</i> <c>") == "a ‹i›b‹/i› <c>"
