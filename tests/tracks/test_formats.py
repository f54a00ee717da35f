"""WebVTT, ASS and SBV: what comes in, what is lost, and that what goes out reads back."""

from __future__ import annotations

import pytest

from tests.tracks.makers import losses, read, read_again, repairs, write
from workflow.errors import BadInput
from workflow.timebase import from_ms
from workflow.tracks.cues import Cue
from workflow.tracks.formats import WRITABLE, format_named, write_subtitles
from workflow.tracks.text import plain

TORTURE = (
    Cue("1", from_ms(1000), from_ms(2000), "Ýagdaýy düşündiriň, žurnalda çäk öň: ÝŇŽŞÇÄÖÜ"),
    Cue("2", from_ms(3000), from_ms(4000), "<i>Salam</i> <b>dost</b> <u>hä</u>", position=8),
    Cue("3", from_ms(5000), from_ms(6000), "R&D, 5 < 6, 7 > 2 &amp; ↔ --> soň"),
    Cue("4", from_ms(7000), from_ms(8000), "{söz} {\\b1}"),
    Cue("5", from_ms(9000), from_ms(10_000), "C:\\Nazar\\hasabat \\h \\n"),
    Cue("6", from_ms(11_000), from_ms(12_000), "bir\n\niki"),
    Cue("7", from_ms(13_000), from_ms(14_000), ""),
    Cue("8", from_ms(15_000), from_ms(16_000), "=1+1"),
)
KEPT_LETTERS = {cue.uid: plain(cue.text).replace("\n\n", "\n") for cue in TORTURE}


NAMES = [known.name for known in WRITABLE]


@pytest.mark.parametrize("name", NAMES)
def test_the_eight_cue_torture_file_loses_nothing_in_silence(name: str) -> None:
    exported = write(TORTURE, name)
    told = {(loss.code, loss.where) for loss in exported.losses}
    assert ("BLANK_LINE", "cue 6") in told
    again = read_again(exported.data)
    assert again.report.format == name
    assert [(c.start, c.end) for c in again.cues] == [(c.start, c.end) for c in TORTURE]
    for number, (cue, back) in enumerate(zip(TORTURE, again.cues, strict=True), start=1):
        if plain(back.text) != KEPT_LETTERS[cue.uid]:
            assert any(where == f"cue {number}" for _, where in told), (name, back.text)


def test_names_and_extensions_find_their_format() -> None:
    assert format_named("VTT").name == format_named(".vtt").name == "vtt"
    with pytest.raises(BadInput, match="FORMAT"):
        format_named("pdf")


# WebVTT

VTT = """WEBVTT - mysal

STYLE
::cue { background: url(http://example.org/x) }

REGION
id:fred width:40%

NOTE Terjime gutarmady

1
00:01.000 --> 00:00:02.500 line:0%
<v Aýna>Salam, <c.red>dost</c>!

00:00:03.000 --> 00:00:04.000 align:start position:10%
R&amp;D &lt;5 &nbsp;&#9834; <i.x>hä</i>
"""


def test_57_style_region_and_note_of_webvtt_are_dropped_and_named() -> None:
    imported = read(VTT)
    assert [(c.text, c.speaker, c.position) for c in imported.cues] == [
        ("Salam, dost!", "Aýna", 8),
        ("R&D <5 \u00a0♪ <i>hä</i>", "", 1),
    ]
    assert imported.cues[0].start == from_ms(1000)
    assert losses(imported) == [
        "HEADER_DROPPED",
        "STYLE_DROPPED",
        "REGION_DROPPED",
        "NOTE_DROPPED",
        "TAG_DROPPED",
        "TAG_DROPPED",
        "TAG_DROPPED",
        "SETTINGS",
    ]
    assert repairs(imported) == []


def test_57_nothing_of_a_style_sheet_is_in_the_file_that_is_written() -> None:
    data = write_subtitles(read(VTT).cues, "vtt").data
    assert b"STYLE" not in data
    assert b"url(" not in data
    assert "<v Aýna>Salam, dost!".encode() in data


def test_56_a_script_in_webvtt_is_no_markup_when_it_is_written_again() -> None:
    imported = read(
        "WEBVTT\n\n00:01.000 --> 00:02.000\n&lt;script>alert(1)&lt;/script> <script>x</script>\n"
    )
    assert imported.cues[0].text == "<script>alert(1)</script> x"
    data = write_subtitles(imported.cues, "vtt").data
    assert b"<script" not in data
    assert b"&lt;script&gt;alert(1)" in data


def test_text_that_looks_like_one_of_our_tags_cannot_become_one() -> None:
    imported = read("WEBVTT\n\n00:01.000 --> 00:02.000\n&lt;i&gt;Salam\n")
    assert imported.cues[0].text == "‹i›Salam"
    assert repairs(imported) == ["TAG_AS_TEXT"]


def test_a_bare_smaller_than_in_webvtt_is_text() -> None:
    assert read("WEBVTT\n\n00:01.000 --> 00:02.000\n5 < 6, 7 > 2\n").cues[0].text == "5 < 6, 7 > 2"


def test_64_webvtt_without_blank_lines_is_read_and_told() -> None:
    imported = read("WEBVTT\n00:01.000 --> 00:02.000\nBir\n00:03.000 --> 00:04.000\nIki\n")
    assert [c.text for c in imported.cues] == ["Bir", "Iki"]
    assert repairs(imported) == ["MISSING_BLANK_LINE", "MISSING_BLANK_LINE"]


def test_64_a_webvtt_block_without_times_is_left_out_and_quoted() -> None:
    imported = read("WEBVTT\n\n00:01.000 --> 00:02.000\nBir\n\nýitirilen söz\n")
    assert losses(imported) == ["TEXT_WITHOUT_TIME"]
    assert "ýitirilen söz" in imported.report.losses[0].message


@pytest.mark.parametrize("times", ["00:61.000 --> 01:02.000", "x --> y", "00:02.000 --> 00:01.000"])
def test_65_times_of_webvtt_that_cannot_be_meant_are_refused_with_their_line(times: str) -> None:
    with pytest.raises(BadInput) as caught:
        read(f"WEBVTT\n\n{times}\nSalam\n")
    assert caught.value.where == "line 3"


@pytest.mark.parametrize("place", range(1, 10))
def test_all_nine_places_survive_webvtt_and_ass(place: int) -> None:
    cue = Cue("a", 0, from_ms(1000), "Salam", position=None if place == 2 else place)
    for name in ("vtt", "ass", "srt"):
        assert read(write_subtitles([cue], name).data).cues[0].position == cue.position


# ASS

ASS = r"""[Script Info]
; a comment
ScriptType: v4.00+
PlayResX: 2147483648
PlayResY: 0

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding
Style: Default,Arial,20,&H00FFFFFF,&H00FFFFFF,&H0,&H0,0,0,0,0,100,100,0,0,1,2,2,2,10,10,10,1
Style: Sign,../../etc/passwd,20,&H00FFFFFF,&H00FFFFFF,&H0,&H0,0,-1,0,0,100,100,0,0,1,2,2,8,10,10,10,1

[Fonts]
fontname: evil.ttf
M5&%M9#%M

[Graphics]
filename: evil.png
M5&%M9#%M

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Dialogue: 0,0:00:01.00,0:00:02.50,Default,Aýna,0,0,0,,Salam,\N{\i1}dost{\i0}!
Dialogue: 0,0:00:03.00,0:00:04.00,Sign,,0,0,0,Banner;50,Kazyýet{a note}
Dialogue: 0,0:00:05.00,0:00:06.00,Default,,0,0,0,,{\fn../../x\1img(file:///etc/passwd)\fs99999\blur100\t(\t(\t(\bord999)))}Söz
Dialogue: 0,0:00:05.00,0:00:06.00,Default,,0,0,0,,{\p1}m 0 0 l 100 0 100 100{\p0}
Comment: 0,0:00:07.00,0:00:08.00,Default,,0,0,0,,TODO
"""


def test_59_and_60_fonts_pictures_and_commands_of_ass_are_dropped_and_named() -> None:
    imported = read(ASS)
    assert [(c.text, c.speaker, c.position) for c in imported.cues] == [
        ("Salam,\n<i>dost</i>!", "Aýna", None),
        ("<i>Kazyýet</i>", "", 8),
        ("Söz", "", None),
    ]
    assert losses(imported) == [
        "STYLES_DROPPED",
        "FONTS_DROPPED",
        "GRAPHICS_DROPPED",
        "EFFECT_DROPPED",
        "COMMENT_DROPPED",
        "OVERRIDE_DROPPED",
        "DRAWING_DROPPED",
        "EMPTY_EVENT",
        "COMMENT_DROPPED",
    ]


def test_60_no_byte_of_an_embedded_font_is_in_any_file_that_is_written() -> None:
    cues = read(ASS).cues
    for known in WRITABLE:
        data = write(cues, known.name).data
        assert b"evil" not in data
        assert b"M5&%" not in data
        assert b"passwd" not in data


def test_59_ten_thousand_nested_commands_are_dropped() -> None:
    nested = "{\\t(" + "\\t(" * 10_000 + "\\fs9" + ")" * 10_001 + "}"
    imported = read(ASS.replace("Salam,", nested + "Salam,"))
    assert imported.cues[0].text == "Salam,\n<i>dost</i>!"


def test_61_a_drawing_of_twenty_thousand_points_is_dropped() -> None:
    imported = read(ASS.replace("m 0 0 l 100 0 100 100", "m 0 0 l " + "1 2 " * 20_000))
    assert len(imported.cues) == 3


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("0:00:01.00,0:00:02.50", "0:00:03.00,0:00:02.50", "END_BEFORE_START"),
        ("0:00:01.00,0:00:02.50", "-0:00:01.00,0:00:02.50", "NEGATIVE_TIME"),
        ("0:00:01.00,0:00:02.50", "0:00:61.00,0:02:02.50", "BAD_TIME"),
        ("0:00:01.00,0:00:02.50", "zzz,0:02:02.50", "BAD_TIME"),
        ("0,0:00:01.00,0:00:02.50,Default,Aýna,0,0,0,,Salam,", "0,0:00:01.00", "BAD_TIME"),
    ],
)
def test_65_times_of_ass_that_cannot_be_meant_are_refused_with_their_line(
    old: str, new: str, code: str
) -> None:
    with pytest.raises(BadInput) as caught:
        read(ASS.replace(old, new))
    assert (caught.value.code, caught.value.where) == (code, "line 22")


def test_ass_times_are_rounded_down_to_a_hundredth() -> None:
    data = write_subtitles([Cue("a", from_ms(1009), from_ms(5559), "Salam")], "ass").data
    assert b"0:00:01.00,0:00:05.55" in data


def test_places_of_old_ssa_files_are_counted_their_way() -> None:
    old = ASS.replace("v4.00+", "v4.00").replace("2,2,8,10,10", "2,2,6,10,10")
    assert read(old).cues[1].position == 8


def test_a_reset_in_ass_ends_italics() -> None:
    imported = read(ASS.replace("{\\i0}", "{\\r}"))
    assert imported.cues[0].text == "Salam,\n<i>dost</i>!"


def test_a_speakers_name_is_tidied_and_cut_where_it_is_too_long() -> None:
    imported = read(ASS.replace("Aýna", "A\u202ey\tna " + "x" * 200))
    assert imported.cues[0].speaker == "Ay na " + "x" * 114
    assert "SPEAKER_CUT" in losses(imported)


@pytest.mark.parametrize("name", NAMES)
def test_a_track_without_cues_is_a_file_without_cues(name: str) -> None:
    assert write([], name).losses == ()


# SBV


def test_sbv_is_read_as_plain_text_and_writes_plain_text() -> None:
    imported = read("0:00:01.001,0:00:03.003\nSalam[br]dost\n\n0:00:04.000,0:00:05.000\nR&D <i>\n")
    assert [c.text for c in imported.cues] == ["Salam\ndost", "R&D ‹i›"]
    assert repairs(imported) == ["TAG_AS_TEXT"]
    exported = write_subtitles([Cue("a", 0, from_ms(999), "<i>Hä</i>", position=8)], "sbv")
    assert exported.data.decode() == "0:00:00.000,0:00:00.999\nHä\n"
    assert {loss.code for loss in exported.losses} == {"STYLING", "POSITION"}


def test_sub_viewer_with_its_header_is_read_and_the_header_is_named() -> None:
    imported = read("[INFORMATION]\n[TITLE]x\n[SUBTITLE]\n00:00:01.00,00:00:02.00\nBir[br]iki\n")
    assert [c.text for c in imported.cues] == ["Bir\niki"]
    assert losses(imported) == ["HEADER_DROPPED"] * 3


def test_64_text_of_webvtt_below_a_blank_line_after_its_times_is_its_text() -> None:
    imported = read(
        "WEBVTT\n\n00:01.000 --> 00:02.000\n\nbir\n\niki\n\n00:03.000 --> 00:04.000\nüç\n"
    )
    assert [c.text for c in imported.cues] == ["bir\niki", "üç"]
    assert repairs(imported) == ["BLANK_LINE_IN_CUE", "BLANK_LINE_IN_CUE"]


def test_a_small_n_breaks_lines_in_old_ssa_and_is_a_space_in_ass() -> None:
    assert read(ASS.replace("Salam,\\N", "Salam,\\n")).cues[0].text == "Salam, <i>dost</i>!"
    old = ASS.replace("v4.00+", "v4.00").replace("Salam,\\N", "Salam,\\n")
    assert read(old).cues[0].text == "Salam,\n<i>dost</i>!"


def test_64_the_number_of_the_next_webvtt_cue_is_not_the_text_of_this_one() -> None:
    imported = read("WEBVTT\n\n1\n00:01.000 --> 00:02.000\nBir\n2\n00:03.000 --> 00:04.000\nIki\n")
    assert [c.text for c in imported.cues] == ["Bir", "Iki"]
    assert repairs(imported) == ["MISSING_BLANK_LINE"]


def test_text_that_ass_readers_take_for_markup_is_named() -> None:
    exported = write([Cue("1", 0, from_ms(1000), "<a> soň")], "ass")
    assert [loss.code for loss in exported.losses] == ["LOOKS_LIKE_MARKUP"]


def test_an_arrow_in_the_first_line_of_webvtt_is_of_the_header() -> None:
    imported = read("WEBVTT 00:00.000 --> 00:01.000\n\n00:01.000 --> 00:02.000\nBir\n")
    assert [c.text for c in imported.cues] == ["Bir"]
    assert losses(imported) == ["HEADER_DROPPED"]
