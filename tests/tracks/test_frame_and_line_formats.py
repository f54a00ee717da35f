"""MicroDVD, MPL2, TMPlayer and plain text: the old formats of one line a cue."""

from __future__ import annotations

from fractions import Fraction

import pytest

from tests.tracks.makers import losses, read, repairs, write
from workflow.errors import BadInput
from workflow.timebase import FLICKS_PER_SECOND, FrameGrid, from_ms
from workflow.tracks.cues import Cue
from workflow.tracks.formats import format_named, write_subtitles

SECOND = FLICKS_PER_SECOND


def test_70_microdvd_without_a_frame_rate_is_refused_and_never_guessed() -> None:
    with pytest.raises(BadInput) as caught:
        read("{25}{50}Salam\n")
    assert caught.value.code == "FRAME_RATE"
    assert "--fps" in caught.value.advice


def test_70_microdvd_is_not_written_without_a_frame_rate() -> None:
    with pytest.raises(BadInput, match="FRAME_RATE"):
        write_subtitles([Cue("a", 0, SECOND, "Salam")], "microdvd")


def test_microdvd_counts_frames_of_the_rate_that_is_given() -> None:
    imported = read(
        "{24}{48}{y:i}Salam|dost\n{60}{72}R&D {söz}\n", frame_rate=Fraction(24000, 1001)
    )
    grid = FrameGrid(Fraction(24000, 1001))
    assert [(c.start, c.end, c.text) for c in imported.cues] == [
        (grid.time_of(24), grid.time_of(48), "<i>Salam</i>\ndost"),
        (grid.time_of(60), grid.time_of(72), "R&D {söz}"),
    ]
    assert imported.report.losses == ()


def test_a_rate_in_the_first_line_of_microdvd_is_used_and_told_and_is_no_cue() -> None:
    stated = read("{1}{1}23.976\n{24}{48}Salam\n")
    assert repairs(stated) == ["FRAME_RATE"]
    assert [c.text for c in stated.cues] == ["Salam"]
    assert stated.cues[0].start == FrameGrid(Fraction(24000, 1001)).time_of(24)
    given = read("{1}{1}23.976\n{25}{50}Salam\n", frame_rate=Fraction(25))
    assert (given.cues[0].start, repairs(given)) == (SECOND, ["FRAME_RATE"])


def test_codes_of_microdvd_that_a_cue_cannot_hold_are_named() -> None:
    imported = read("{25}{50}{C:$0000FF}{Y:b}Salam|dost\n", frame_rate=Fraction(25))
    assert imported.cues[0].text == "<b>Salam\ndost</b>"
    assert losses(imported) == ["TAG_DROPPED"]


def test_a_cue_of_microdvd_without_an_end_gets_one_and_it_is_told() -> None:
    imported = read("{25}{}Salam\n{250}{300}dost\n", frame_rate=Fraction(25))
    assert imported.cues[0].end == 2 * SECOND
    assert repairs(imported) == ["NO_END_TIMES"]


def test_a_cue_shorter_than_a_frame_is_written_a_frame_long() -> None:
    exported = write([Cue("a", SECOND, SECOND + from_ms(5), "Salam")], "microdvd")
    assert b"{25}{26}Salam" in exported.data
    assert [loss.code for loss in exported.losses] == ["TIMES_ROUNDED"]


def test_mpl2_is_read_in_tenths_with_its_italics() -> None:
    imported = read("[10][35]/Salam|/dost\n[40][]Hä?\n")
    assert [(c.start, c.end, c.text) for c in imported.cues] == [
        (SECOND, 35 * SECOND // 10, "<i>Salam\ndost</i>"),
        (4 * SECOND, 5 * SECOND, "Hä?"),
    ]
    assert repairs(imported) == ["COARSE_TIMES", "NO_END_TIMES"]


def test_tmplayer_ends_a_cue_at_the_next_or_at_an_empty_line() -> None:
    imported = read("00:00:01:Salam|dost\n00:00:02:\n00:00:05:Hä?\n00:00:09:Soň\n")
    assert [(c.start, c.end, c.text) for c in imported.cues] == [
        (SECOND, 2 * SECOND, "Salam\ndost"),
        (5 * SECOND, 6 * SECOND, "Hä?"),
        (9 * SECOND, 10 * SECOND, "Soň"),
    ]
    assert repairs(imported) == ["COARSE_TIMES", "NO_END_TIMES"]


@pytest.mark.parametrize("name", ["mpl2", "tmplayer", ".mpl"])
def test_formats_that_are_only_read_say_why(name: str) -> None:
    with pytest.raises(BadInput, match="only read"):
        format_named(name)


def test_our_transcript_keeps_uids_and_speakers_through_an_edit() -> None:
    cues = [Cue("u1", 0, SECOND, "Salam\ndost", "Aýna"), Cue("u2", 2 * SECOND, 3 * SECOND, "Hä?")]
    edited = write(cues, "txt").data.decode().replace("Hä?", "Hawa.")
    imported = read(edited)
    assert [(c.uid, c.speaker, c.text) for c in imported.cues] == [
        ("u1", "Aýna", "Salam\ndost"),
        ("u2", "", "Hawa."),
    ]


def test_a_uid_that_a_file_has_twice_or_that_is_none_is_given_anew() -> None:
    text = "[00:00:01.000 - 00:00:02.000] #u1\nBir\n\n[00:00:03.000 - 00:00:04.000] #u1\nIki\n"
    assert [c.uid for c in read(text).cues] == ["u1", "c1"]


def test_a_transcript_with_starts_only_and_lyrics_are_read() -> None:
    imported = read("[ar: Aýna]\n[00:01.50]Salam\n[00:03.00][00:09.00]Dost\n[00:05.00]\n")
    assert [(c.start, c.end, c.text) for c in imported.cues] == [
        (1500 * SECOND // 1000, 2500 * SECOND // 1000, "Salam"),
        (3 * SECOND, 5 * SECOND, "Dost"),
        (9 * SECOND, 10 * SECOND, "Dost"),
    ]
    assert losses(imported) == ["TEXT_BEFORE_FIRST_CUE"]


PROSE = "Her bir adamyň ýaşamaga, azatlyga we şahsy eldegrilmesizlige hukugy bardyr. " * 8


def test_text_without_times_becomes_cues_with_times_that_are_called_provisional() -> None:
    imported = read(PROSE + "\n– Salam!\n")
    assert "NO_TIMES" in repairs(imported)
    assert " ".join(c.text for c in imported.cues) == f"{PROSE.strip()} – Salam!"
    assert all(a.end < b.start for a, b in zip(imported.cues, imported.cues[1:], strict=False))


@pytest.mark.parametrize(
    "text",
    [
        "#EXTM3U\n" + "#EXTINF:9,\nhttp://127.0.0.1/a.ts\n" * 60,
        "<html>" + PROSE,
        "import os\n" + "for x in range(10): print(x, x == 1)\n" * 30,
        "00:01 " + PROSE,
        "word " * 39,
    ],
)
def test_70_what_is_neither_a_format_nor_prose_is_refused(text: str) -> None:
    with pytest.raises(BadInput) as caught:
        read(text)
    assert caught.value.code == "FORMAT"


def test_times_that_a_format_makes_rounder_are_told_once() -> None:
    cues = [Cue(f"{n}", n * SECOND + 7, n * SECOND + SECOND // 2, "Salam") for n in range(9)]
    exported = write(cues, "srt")
    assert [loss.code for loss in exported.losses] == ["TIMES_ROUNDED"]
    assert "9 cues" in exported.losses[0].message


@pytest.mark.parametrize(
    "lines",
    [
        ("00:00:01 Salam", "00:00:04 Hä?", "00:00:09 Soň"),
        ("(00:00:01) Salam", "(00:00:04) Hä?", "(00:00:09) Soň"),
        (
            "00:00:01 - 00:00:02",
            "Salam",
            "",
            "00:00:04 – 00:00:05",
            "Hä?",
            "",
            "00:00:09 - 00:00:10",
            "Soň",
        ),
        ("0:01", "Salam", "0:04", "Hä?", "0:09", "Soň"),
    ],
)
def test_transcripts_with_bare_times_are_read(lines: tuple[str, ...]) -> None:
    imported = read("\n".join(lines))
    assert [(c.start // SECOND, c.text) for c in imported.cues] == [
        (1, "Salam"),
        (4, "Hä?"),
        (9, "Soň"),
    ]
    assert imported.report.format == "txt"


def test_a_transcript_that_counts_frames_needs_the_films_rate() -> None:
    text = "[00:00:01:12] Salam\n"
    with pytest.raises(BadInput, match="FRAME_RATE"):
        read(text)
    assert read(text, frame_rate=Fraction(24)).cues[0].start == 3 * SECOND // 2
