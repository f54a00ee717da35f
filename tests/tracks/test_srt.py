"""SubRip: what is mended, what is refused, and that every mend is told."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest
import srt
from hypothesis import given
from hypothesis import strategies as st

from tests.tracks.makers import read, repairs, tracks, write
from workflow.errors import BadInput
from workflow.timebase import from_ms, to_ms
from workflow.tracks import limits
from workflow.tracks.cues import Cue
from workflow.tracks.formats import write_subtitles
from workflow.tracks.text import balance

SAMPLES = Path(__file__).parents[2] / "samples"


def refusal(text: str | bytes) -> BadInput:
    with pytest.raises(BadInput) as caught:
        read(text)
    return caught.value


GOOD = "1\n00:00:01,000 --> 00:00:02,500\nSalam!\n\n2\n00:00:03,000 --> 00:00:04,000\nSen kim?\n"


def test_a_good_file_needs_no_repair_and_its_milliseconds_are_exact_flicks() -> None:
    imported = read(GOOD)
    assert imported.cues == (
        Cue("c1", from_ms(1000), from_ms(2500), "Salam!"),
        Cue("c2", from_ms(3000), from_ms(4000), "Sen kim?"),
    )
    assert imported.report.repairs == imported.report.losses == ()
    assert (imported.report.format, imported.report.encoding) == ("srt", "utf-8")


@pytest.mark.parametrize("name", ["rights.en.srt", "rights.tk.unaligned.srt"])
def test_a_sample_comes_back_byte_for_byte(name: str) -> None:
    data = (SAMPLES / name).read_bytes()
    assert write_subtitles(read(data).cues, "srt").data.rstrip() == data.rstrip()


@given(tracks())
def test_a_track_written_as_srt_and_read_again_is_the_same_track(cues: tuple[Cue, ...]) -> None:
    exported = write_subtitles(cues, "srt")
    again = read(exported.data)
    if not exported.losses:
        assert [c.look() for c in again.cues] == [
            [c.start, c.end, balance(c.text)[0], None if c.position == 2 else c.position]
            for c in cues
        ]


@given(st.text("0123456789:,.->\n\r abň<i>{}\\", max_size=120))
def test_any_text_is_read_or_refused_with_a_code_and_never_breaks(text: str) -> None:
    try:
        imported = read(text)
    except BadInput:
        return
    assert imported.cues


def test_times_between_milliseconds_are_rounded_down_on_writing() -> None:
    cue = Cue("a", from_ms(1000) + 1, from_ms(2000) - 1, "Salam")
    assert b"00:00:01,000 --> 00:00:01,999" in write_subtitles([cue], "srt").data


# 5.4, 53-55: too much of everything


def test_53_a_file_over_five_mebibytes_is_refused_before_it_is_decoded() -> None:
    assert refusal(b"1\n" * (limits.MAX_BYTES // 2 + 1)).code == "TOO_MANY_BYTES"


def test_53_ten_thousand_and_one_cues_are_refused_in_little_memory() -> None:
    many = "".join(
        f"{n}\n00:{n // 60 % 60:02d}:{n % 60:02d},000 --> 99:00:00,000\nA\n\n"
        for n in range(1, 120_000)
    )
    tracemalloc.start()
    refused = refusal(many)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert refused.code == "TOO_MANY_CUES"
    assert refused.where.startswith("line ")
    assert peak < 100_000_000


def test_53_ten_thousand_cues_are_accepted() -> None:
    def at(ms: int) -> str:
        return (
            f"{ms // 3_600_000:02d}:{ms // 60_000 % 60:02d}:{ms // 1000 % 60:02d},{ms % 1000:03d}"
        )

    text = "".join(
        f"{n + 1}\n{at(n * 1000)} --> {at(n * 1000 + 900)}\nSöz {n}\n\n" for n in range(10_000)
    )
    assert len(read(text).cues) == 10_000


def test_54_one_cue_of_five_megabytes_is_refused_with_its_line() -> None:
    refused = refusal(GOOD + "\n3\n00:00:05,000 --> 00:00:06,000\n" + "a" * 5_000_000)
    assert (refused.code, refused.where) == ("CUE_TOO_LONG", "line 10")


@pytest.mark.parametrize("text", ["\n".join("abcdefg"), "a" * 201, "\n".join(["a" * 120] * 5)])
def test_54_a_cue_over_any_limit_of_length_is_refused(text: str) -> None:
    assert refusal(f"1\n00:00:01,000 --> 00:00:02,000\n{text}\n").code == "CUE_TOO_LONG"


def test_55_twenty_thousand_cues_at_one_time_are_refused() -> None:
    assert refusal("00:00:01,000 --> 00:00:09,000\nA\n\n" * 20_000).code == "TOO_MANY_CUES"
    crowd = refusal("00:00:01,000 --> 00:00:09,000\nA\n\n" * 5)
    assert (crowd.code, crowd.where) == ("OVERLAP", "line 13")


def test_55_four_cues_at_one_time_are_accepted() -> None:
    assert len(read("00:00:01,000 --> 00:00:09,000\nA\n\n" * 4).cues) == 4


# 56, 58: markup


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("<script>alert(1)</script>", "alert(1)"),
        ("Salam<img src=x onerror=alert(1)>!", "Salam!"),
        ("<b onmouseover=alert(1)>Salam</b>", "<b>Salam</b>"),
        ('<a href="javascript:alert(1)">Salam</a>', "Salam"),
        ('<font color="#ff0000">Salam</font>', "Salam"),
    ],
)
def test_56_foreign_tags_are_taken_out_and_named(text: str, kept: str) -> None:
    imported = read(f"1\n00:00:01,000 --> 00:00:02,000\n{text}\n")
    assert imported.cues[0].text == kept
    assert {loss.code for loss in imported.report.losses} == {"TAG_DROPPED"}


@pytest.mark.parametrize(
    "text", ["5 < 6, 7 > 2", "{Nazar}", "C:\\Nazar\\hasabat", "a <nazar> b", "R&D"]
)
def test_56_text_that_only_looks_a_little_like_markup_stays(text: str) -> None:
    imported = read(f"1\n00:00:01,000 --> 00:00:02,000\n{text}\n")
    assert imported.cues[0].text == text
    assert imported.report.losses == ()


def test_56_tags_left_open_or_crossed_are_balanced_and_told() -> None:
    imported = read("1\n00:00:01,000 --> 00:00:02,000\n<i>Salam <b>dost</i>lar\n")
    assert imported.cues[0].text == "<i>Salam <b>dost</b></i><b>lar</b>"
    assert [loss.code for loss in imported.report.losses] == ["TAGS_BALANCED"]


def test_58_drawings_and_style_commands_in_srt_are_taken_out_and_told() -> None:
    imported = read(
        "1\n00:00:01,000 --> 00:00:02,000\n{\\p1}m 0 0 l 9 9{\\p0}{\\fnArial\\pos(1,2)}Salam\n"
    )
    assert imported.cues[0].text == "Salam"
    assert [loss.code for loss in imported.report.losses] == ["DRAWING_DROPPED", "OVERRIDE_DROPPED"]


def test_58_italics_and_place_written_as_style_commands_are_kept() -> None:
    (cue,) = read("1\n00:00:01,000 --> 00:00:02,000\n{\\an8}{\\i1}Salam{\\i0}\n").cues
    assert (cue.text, cue.position) == ("<i>Salam</i>", 8)


# 64: broken layout


def test_64_mixed_line_ends_are_read_and_told() -> None:
    imported = read(
        "1\r\n00:00:01,000 --> 00:00:02,000\rSalam\n\n2\n00:00:03,000 --> 00:00:04,000\nDost"
    )
    assert [c.text for c in imported.cues] == ["Salam", "Dost"]
    assert repairs(imported) == ["LINE_ENDS"]


def test_64_lines_that_end_with_cr_alone_are_read_and_told() -> None:
    imported = read(GOOD.replace("\n", "\r"))
    assert [c.text for c in imported.cues] == ["Salam!", "Sen kim?"]
    assert repairs(imported) == ["LINE_ENDS"]


def test_64_a_missing_blank_line_between_cues_is_mended_and_told() -> None:
    imported = read(GOOD.replace("\n\n", "\n"))
    assert [c.text for c in imported.cues] == ["Salam!", "Sen kim?"]
    assert repairs(imported) == ["MISSING_BLANK_LINE"]


def test_64_missing_numbers_are_mended_and_told() -> None:
    imported = read("00:00:01,000 --> 00:00:02,000\nSalam\n\n00:00:03,000 --> 00:00:04,000\n42\n")
    assert [c.text for c in imported.cues] == ["Salam", "42"]
    assert repairs(imported) == ["MISSING_NUMBER", "MISSING_NUMBER"]


def test_64_numbers_that_start_again_are_mended_and_told() -> None:
    second = GOOD.replace("00:00:0", "00:01:0")
    imported = read(GOOD + "\n" + second)
    assert len(imported.cues) == 4
    assert repairs(imported) == ["NUMBER_OUT_OF_ORDER"]


def test_64_a_blank_line_inside_a_cue_loses_no_text() -> None:
    imported = read(
        "1\n00:00:01,000 --> 00:00:02,000\nSalam\n\ndostlar\n\n2\n00:00:03,000 --> 00:00:04,000\nB\n"
    )
    assert imported.cues[0].text == "Salam\ndostlar"
    assert repairs(imported) == ["BLANK_LINE_IN_CUE"]


@pytest.mark.parametrize("arrow", ["- >", "->", "--->", "-- >", "–>"])
def test_64_a_broken_arrow_is_read_and_told(arrow: str) -> None:
    imported = read(GOOD.replace("-->", arrow))
    assert [c.text for c in imported.cues] == ["Salam!", "Sen kim?"]
    assert set(repairs(imported)) == {"ARROW"}


def test_64_text_above_the_first_cue_is_left_out_and_quoted() -> None:
    imported = read("Terjimeçi: Aýna\n\n" + GOOD)
    assert len(imported.cues) == 2
    assert "Terjimeçi: Aýna" in imported.report.repairs[0].message


def test_64_a_figure_that_is_somebodys_text_is_not_taken_for_a_number() -> None:
    imported = read(
        "1\n00:00:01,000 --> 00:00:02,000\nÝyl?\n1948\n00:00:03,000 --> 00:00:04,000\nHawa\n"
    )
    assert imported.cues[0].text == "Ýyl?\n1948"
    assert repairs(imported) == ["MISSING_NUMBER", "MISSING_BLANK_LINE"]


def test_64_a_figure_right_under_the_times_is_text_even_when_the_next_number_is_missing() -> None:
    imported = read("1\n00:00:01,000 --> 00:00:02,000\n42\n00:00:03,000 --> 00:00:04,000\nHawa\n")
    assert [c.text for c in imported.cues] == ["42", "Hawa"]


def test_64_an_empty_cue_before_a_jump_in_the_numbers_stays_empty() -> None:
    imported = read("1\n00:00:01,000 --> 00:00:02,000\n\n42\n00:00:03,000 --> 00:00:04,000\nHawa\n")
    assert [c.text for c in imported.cues] == ["", "Hawa"]


# 65: times


@pytest.mark.parametrize(
    ("times", "code"),
    [
        ("00:00:02,000 --> 00:00:01,000", "END_BEFORE_START"),
        ("00:00:02,000 --> 00:00:02,000", "END_BEFORE_START"),
        ("-00:00:02,000 --> 00:00:03,000", "NEGATIVE_TIME"),
        ("00:60:61,000 --> 01:02:00,000", "BAD_TIME"),
        ("00:60:61 --> 01:02:00", "BAD_TIME"),
        ("00:00:01,000 --> ", "BAD_TIME"),
        ("00:00:01,000 --> 00:0O:02,000", "BAD_TIME"),
        ("00:00:01,000 --> 100:00:00,001", "TIME_TOO_LATE"),
    ],
)
def test_65_a_time_that_cannot_be_meant_is_refused_with_its_line(times: str, code: str) -> None:
    refused = refusal(GOOD + f"\n3\n{times}\nDost\n")
    assert (refused.code, refused.where) == (code, "line 10")


def test_65_the_last_moment_of_ninety_nine_hours_is_kept_and_told() -> None:
    imported = read("1\n00:00:01,000 --> 99:59:59,999\nSalam\n")
    assert imported.cues[0].end == from_ms(359_999_999)
    assert repairs(imported) == ["LONG_TIME"]


@pytest.mark.parametrize(
    ("written", "ms", "told"),
    [
        ("00:00:01.500", 1500, ["DECIMAL_MARK"]),
        ("00:00:01,50", 1500, ["DECIMALS"]),
        ("00:00:01,5", 1500, ["DECIMALS"]),
        ("00:00:01", 1000, ["DECIMAL_MARK"]),
        ("0:0:1,500", 1500, ["TIME_FORM"]),
        ("00:01,500", 1500, ["HOURS_MISSING"]),
        ("00: 00:01,500", 1500, ["TIME_FORM"]),
    ],
)
def test_65_an_unusual_form_of_a_time_is_read_and_told(
    written: str, ms: int, told: list[str]
) -> None:
    imported = read(f"1\n{written} --> 00:00:09,000\nSalam\n")
    assert imported.cues[0].start == from_ms(ms)
    assert repairs(imported) == told


def test_65_what_follows_the_times_is_left_out_and_told() -> None:
    imported = read("1\n00:00:01,000 --> 00:00:02,000 X1:10 X2:20\nSalam\n")
    assert [(r.code, "X1:10" in r.message) for r in imported.report.repairs] == [
        ("COORDINATES_DROPPED", True)
    ]


# 66: order and doubles


def test_66_cues_out_of_order_are_sorted_and_told_and_doubles_are_kept() -> None:
    first, second = GOOD.strip().split("\n\n")
    imported = read(f"{second}\n\n{first}\n\n{first}\n")
    assert [c.text for c in imported.cues] == ["Salam!", "Salam!", "Sen kim?"]
    assert "SORTED" in repairs(imported)


# 67: nothing there


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xef\xbb\xbf",
        b" \n\r\n\t",
        b"WEBVTT\n\n",
        b"1\n00:00:01,000 --> 00:00:02,000\n \n",
        b"\xff\xfe",
    ],
)
def test_67_a_file_without_a_cue_is_refused(data: bytes) -> None:
    assert refusal(data).code == "NO_CUES"


def test_67_an_empty_cue_among_others_is_kept_for_the_checks_to_find() -> None:
    assert [c.text for c in read(GOOD + "\n3\n00:00:05,000 --> 00:00:06,000\n\n").cues][2] == ""


# 68: strange characters


def test_68_control_and_direction_marks_are_taken_out_and_told() -> None:
    imported = read("1\n00:00:01,000 --> 00:00:02,000\nSa\u202elam\t\x07dost\u00ad\n")
    assert imported.cues[0].text == "Salam dost"
    assert set(repairs(imported)) == {"BIDI", "TAB", "CONTROL", "SOFT_HYPHEN"}


def test_68_a_thousand_marks_on_one_letter_are_refused_or_become_eight() -> None:
    assert refusal("1\n00:00:01,000 --> 00:00:02,000\na" + "\u0316" * 1000).code == "CUE_TOO_LONG"
    imported = read("1\n00:00:01,000 --> 00:00:02,000\na" + "\u0316" * 100)
    assert imported.cues[0].text == "a" + "\u0316" * 8


def test_68_decomposed_letters_are_composed_and_the_published_hyphen_replaced() -> None:
    imported = read("1\n00:00:01,000 --> 00:00:02,000\nhem\u2010de is\u0327s\u0327i\n")
    assert imported.cues[0].text == "hem-de işşi"
    assert set(repairs(imported)) == {"NFC", "HYPHEN"}


# writing


def test_what_srt_cannot_hold_is_named_on_writing() -> None:
    cue = Cue("a", 0, from_ms(1000), "a\n\nb --> c <font>", speaker="Aýna", note="soraň")
    exported = write_subtitles([cue], "srt")
    assert {loss.code for loss in exported.losses} == {
        "SPEAKER",
        "NOTE",
        "BLANK_LINE",
        "ARROW",
        "LOOKS_LIKE_MARKUP",
    }
    assert exported.data.decode() == "1\n00:00:00,000 --> 00:00:01,000\na\nb → c <font>\n\n"
    assert (exported.extension, exported.media_type) == (".srt", "application/x-subrip")


def test_an_unknown_format_is_refused_with_the_known_ones() -> None:
    with pytest.raises(BadInput, match="srt"):
        write_subtitles([], "pages")


@pytest.mark.parametrize(
    "data",
    [b"PK\x03\x04....", b"%PDF-1.7", b"\0\0\0\x18ftypmp42", b"Bu hat, subtitr."],
)
def test_70_what_is_no_text_subtitle_is_refused_as_format(data: bytes) -> None:
    assert refusal(data).code == "FORMAT"


@pytest.mark.parametrize("arrow", ["=>", "→", "--&gt;", "– >", "- >", "->", "===>"])
def test_64_arrows_of_every_hand_are_read_and_told(arrow: str) -> None:
    imported = read(
        f"1\n00:00:01,000 --> 00:00:02,000\nBir\n\n2\n00:00:03,000 {arrow} 00:00:04,000\nIki\n"
    )
    assert [c.text for c in imported.cues] == ["Bir", "Iki"]
    assert repairs(imported) == ["ARROW"]


def test_65_a_line_that_was_to_be_times_never_becomes_text() -> None:
    for broken in (
        "00.00.03.000 --> 00.00.04.000",
        "00:00:03,000 => later",
        "3 --> 4",
        "00:00:03,000 -",
    ):
        with pytest.raises(BadInput) as caught:
            read(f"1\n00:00:01,000 --> 00:00:02,000\nBir\n\n2\n{broken}\nIki\n")
        assert (caught.value.code, caught.value.where) == ("BAD_TIME", "line 6")


@pytest.mark.parametrize(
    "text", ["söz\n129\n00:11:53,960 -", "00:00:01,000 --> 00:00:02,000", "0:00:01.5 → 0:00:02.5"]
)
def test_a_line_that_reads_as_times_is_written_so_that_it_does_not(text: str) -> None:
    exported = write_subtitles([Cue("a", 0, from_ms(1000), text)], "srt")
    assert "LOOKS_LIKE_TIMES" in {loss.code for loss in exported.losses}
    (back,) = read(exported.data).cues
    assert back.text == text.replace("-->", "→").replace(":", "∶")


@given(track=tracks(overlapping=True))
def test_anothers_reader_finds_in_our_file_what_was_written(track: tuple[Cue, ...]) -> None:
    again = read(write(track, "srt").data).cues
    theirs = list(srt.parse(write(track, "srt").data.decode()))
    assert [round(item.start.total_seconds() * 1000) for item in theirs] == [
        to_ms(cue.start) for cue in again
    ]
    assert len(theirs) == len(track)
