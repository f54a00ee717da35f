"""What files of real projects had in them that readers stumbled over; `python -m bench corpus` tries whole folders."""

from __future__ import annotations

from fractions import Fraction

import pytest

from tests.tracks.makers import losses, read, repairs
from workflow.errors import BadInput
from workflow.timebase import FLICKS_PER_SECOND

SECOND = FLICKS_PER_SECOND
ASS = "[Script Info]\n\n[Events]\n"
EVENT = "Dialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,"


def test_events_of_ass_without_any_head_are_ass_and_not_a_table() -> None:
    imported = read(f"{EVENT}Salam, dost\n{EVENT}Hä\n")
    assert imported.report.format == "ass"
    assert [c.text for c in imported.cues] == ["Salam, dost", "Hä"]


def test_events_in_a_section_of_another_name_are_not_lost() -> None:
    second = "[Second Events]\nFormat: Start, End, Text\nDialogue: 0:00:03.00,0:00:04.00,Hä, dost\n"
    assert [c.text for c in read(f"{ASS}{EVENT}Salam\n{second}").cues] == ["Salam", "Hä, dost"]


def test_an_event_of_no_length_is_never_shown_and_it_is_told() -> None:
    never = EVENT.replace("0:00:02.00", "0:00:01.00")
    imported = read(f"{ASS}{EVENT}Salam\n{never}açyk\n")
    assert [c.text for c in imported.cues] == ["Salam"]
    assert losses(imported) == ["NEVER_SHOWN"]


def test_a_command_that_does_not_begin_its_braces_is_one_all_the_same() -> None:
    imported = read(f"{ASS}{EVENT}{{ \\pos( 1, 2 ) }}Salam {{bellik\\i1}}dost\n")
    assert imported.cues[0].text == "Salam <i>dost</i>"


def test_long_names_of_styles_are_styles_and_old_html_is_no_text() -> None:
    text = "1\n00:00:01,000 --> 00:00:02,000\n<bold>Salam</bold> <blink>dost</blink>\n"
    imported = read(text)
    assert imported.cues[0].text == "<b>Salam</b> dost"
    assert losses(imported) == ["TAG_DROPPED", "TAG_DROPPED"]


def test_codes_of_microdvd_in_mpl2_are_no_text() -> None:
    imported = read("[10][20]{y:i}Salam|{c:$0000ff}dost\n[30][40]Hä\n")
    assert imported.cues[0].text == "Salam\ndost"
    assert losses(imported) == ["TAG_DROPPED", "TAG_DROPPED"]


def test_scc_with_spaces_in_place_of_tabs_or_without_its_head_is_read() -> None:
    codes = "9420 9420 9470 9470 d3e1 ec80 942f 942f"
    for text in (
        f"Scenarist_SCC V1.0\n\n00:00:01:00 {codes}\n\n00:00:02:00    942c 942c\n",
        f"00:00:01:00\t{codes}\n\n00:00:02:00\t942c 942c\n",
    ):
        imported = read(text)
        assert (imported.report.format, imported.cues[0].text) == ("scc", "Sal")
        assert set(repairs(imported)) <= {"TAB", "HEADER_MISSING"}


def test_captions_taken_apart_are_refused_and_not_read_as_a_table() -> None:
    with pytest.raises(BadInput) as caught:
        read("01:02:53:14\t{RCL}{RCL}{ENM}{ENM} remember{EOC}{EOC}\n" * 3)
    assert caught.value.code == "FORMAT"


def test_spruce_stl_is_read_with_the_films_rate_and_its_commas() -> None:
    text = (
        "//Default Formatting\n$FontName = Arial\n\n"
        "00:00:01:00 , 00:00:02:12 , Senator, we're making |^Iour final^I approach.\n"
    )
    imported = read(text, frame_rate=Fraction(24))
    cue = imported.cues[0]
    assert imported.report.format == "spruce"
    assert (cue.start, cue.end) == (SECOND, 5 * SECOND // 2)
    assert cue.text == "Senator, we're making\n<i>our final</i> approach."
    assert losses(imported) == ["STYLES_DROPPED"]
    with pytest.raises(BadInput, match="FRAME_RATE"):
        read(text)


@pytest.mark.parametrize("name", ["foo-->", "-->", "MALFORMED -->", "NOTE an arrow --> here"])
def test_an_arrow_in_the_name_of_a_cue_is_no_time(name: str) -> None:
    imported = read(f"WEBVTT\n\n{name}\n\n00:01.000 --> 00:02.000\nSalam\n")
    assert [c.text for c in imported.cues] == ["Salam"]
    assert len(losses(imported)) == 1


def test_the_name_of_a_cue_is_told_when_it_goes() -> None:
    imported = read(
        "WEBVTT\n\nintro -->\n00:01.000 --> 00:02.000\nSalam\n\n2\n00:03.000 --> 00:04.000\nHä\n"
    )
    assert [c.text for c in imported.cues] == ["Salam", "Hä"]
    assert losses(imported) == ["CUE_ID"]


def test_settings_without_a_space_and_times_without_fractions_are_read() -> None:
    imported = read("WEBVTT\n\n00:01.000 --> 00:02.000line:0%\nSalam\n\n00:03 --> 00:04\nHä\n")
    assert [(c.text, c.position) for c in imported.cues] == [("Salam", 8), ("Hä", None)]
    assert imported.cues[1].start == 3 * SECOND
    assert set(repairs(imported)) == {"TIME_FORM", "DECIMAL_MARK"}


def test_old_entities_without_their_semicolon_are_letters_as_in_a_browser() -> None:
    imported = read("WEBVTT\n\n00:01.000 --> 00:02.000\nR&amp D &copy 5 &lt 6 &lrm;AT&T\n")
    assert imported.cues[0].text == "R& D © 5 < 6 AT&T"


def test_minutes_and_seconds_alone_are_times_of_srt() -> None:
    imported = read("1\n00:01 --> 00:02\nSalam\n")
    assert imported.report.format == "srt"
    assert imported.cues[0].end == 2 * SECOND
    assert "DECIMAL_MARK" in repairs(imported)


TT = '<tt xmlns="http://www.w3.org/ns/ttml" xmlns:tts="http://www.w3.org/ns/ttml#styling"{more}><body>{body}</body></tt>'


def ttml(body: str, more: str = "") -> str:
    return TT.format(body=body, more=more)


def test_ttml_whose_inner_times_count_from_the_films_start_is_shown() -> None:
    body = (
        '<div begin="1.5s" end="4s"><p begin="1.5s" end="2s">Salam</p></div>'
        '<div begin="20s" end="30s"><p begin="21s" end="22s">Hä</p></div>'
    )
    imported = read(ttml(body))
    assert [(c.text, c.start) for c in imported.cues] == [
        ("Salam", 3 * SECOND // 2),
        ("Hä", 21 * SECOND),
    ]
    assert repairs(imported) == ["NESTED_TIMES"]


def test_words_of_apples_lyrics_are_one_line() -> None:
    lyrics = ' xmlns:it="http://music.apple.com/lyric-ttml-internal" it:timing="Word"'
    words = '<span begin="19.7" end="20.1">When</span> <span begin="20.1" end="21.9">you</span>'
    body = f'<div begin="19.7" end="59.3"><p begin="19.7" end="21.9">{words}</p></div>'
    imported = read(ttml(body, lyrics))
    assert [(c.text, c.start) for c in imported.cues] == [("When you", 197 * SECOND // 10)]


def test_visible_words_inside_hidden_ones_are_shown() -> None:
    body = '<div tts:visibility="hidden"><p begin="0s" end="1s">gizlin<span tts:visibility="visible">Salam</span></p></div>'
    imported = read(ttml(body))
    assert [c.text for c in imported.cues] == ["Salam"]
    assert losses(imported) == ["HIDDEN_TEXT"]


def test_an_animation_that_shows_the_text_gives_its_time() -> None:
    body = '<div><p begin="0s" end="10s" tts:display="none"><set tts:display="auto" begin="5s"/>Salam</p></div>'
    imported = read(ttml(body))
    assert [(c.start, c.end) for c in imported.cues] == [(5 * SECOND, 10 * SECOND)]
    assert repairs(imported) == ["ANIMATED"]


def test_names_of_html_for_letters_are_letters_in_ttml_too() -> None:
    imported = read(ttml('<div><p begin="0s" end="1s">Caf&eacute;&nbsp;&amp; &lt;b</p></div>'))
    assert imported.cues[0].text == "Café\u00a0& <b"
