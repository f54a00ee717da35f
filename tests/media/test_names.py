"""Names of uploads: 5.4, numbers 45 to 51, and what a browser is told."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.media.names import MOST_BYTES, attachment_header, display_name


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("../../x.mp4", "x.mp4"),
        ("..\\..\\x", "x"),
        ("/etc/passwd", "passwd"),
        ("C:\\films\\a.mp4", "a.mp4"),
        ("film/", "film"),
        ("..", "film"),
        ("", "film"),
    ],
)
def test_45_folders_are_left_out_of_a_name(raw: str, shown: str) -> None:
    assert display_name(raw) == shown


@pytest.mark.parametrize(
    "raw", ["-i.mp4", "-vf", "@file", "$(id).mp4", "`id`", ";rm", "frame%03d.png"]
)
def test_46_names_that_look_like_options_or_commands_are_only_names(raw: str) -> None:
    assert display_name(raw) == raw


def test_46_pipes_and_new_lines_do_not_stay_in_a_name() -> None:
    assert display_name("|sh") == "_sh"
    assert display_name("a\nb.mp4") == "a b.mp4"


def test_47_nul_and_endless_names_are_trimmed_and_keep_their_ending() -> None:
    assert display_name("a\0.mp4") == "a.mp4"
    long = display_name("ş" * 10_000 + ".mp4")
    assert len(long.encode()) <= MOST_BYTES
    assert long.endswith("ş.mp4")
    assert len(display_name("x" * 10 + "." + "y" * 10_000).encode()) <= MOST_BYTES


def test_48_text_direction_and_hidden_characters_are_removed_and_letters_kept() -> None:
    assert display_name("gnp.\u202e4pm") == "gnp.4pm"
    assert display_name("a\u200b\u2066b\ufeff.mp4") == "ab.mp4"
    assert display_name("ňşýž 😀.mp4") == "ňşýž 😀.mp4"
    assert display_name(unicodedata.normalize("NFD", "ňşýž.mp4")) == "ňşýž.mp4"
    assert display_name("\ud800.mp4") == "film.mp4"


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("CON", "_CON"),
        ("aux.srt", "_aux.srt"),
        ("con.tar.gz", "_con.tar.gz"),
        ("x. ", "x"),
        ("a:b", "a_b"),
        ("...", "film"),
    ],
)
def test_49_names_that_windows_cannot_keep_are_changed(raw: str, shown: str) -> None:
    assert display_name(raw) == shown


@pytest.mark.parametrize(
    "raw", ["concat:a|b", "http://x", "subfile,,start,0,end,9,,:x", "pipe:0", "fd:"]
)
def test_50_protocols_are_no_names(raw: str) -> None:
    assert ":" not in display_name(raw)
    assert "|" not in display_name(raw)


def test_51_a_name_cannot_add_a_header() -> None:
    header = attachment_header("x.mp4\r\nSet-Cookie: a=b")
    assert "\r" not in header
    assert "\n" not in header
    assert header.startswith('attachment; filename="x.mp4 Set-Cookie_ a=b"; ')


def test_the_header_has_a_plain_and_a_full_name() -> None:
    assert (
        attachment_header("ňşýž.mp4")
        == "attachment; filename=\"nsyz.mp4\"; filename*=UTF-8''%C5%88%C5%9F%C3%BD%C5%BE.mp4"
    )
    assert 'filename="film.mp4"' in attachment_header("Фильм.mp4")


@given(st.text(st.characters(), max_size=300))
def test_any_name_becomes_one_that_is_safe_everywhere_and_stays_as_it_is(raw: str) -> None:
    name = display_name(raw)
    assert name
    assert len(name.encode()) <= MOST_BYTES
    assert not set(name) & set('/\\<>:"|?*\0\r\n')
    assert name[-1] not in ". "
    assert display_name(name) == name
    assert attachment_header(raw).isascii()
    assert attachment_header(raw).isprintable()
