"""EBU-STL: bytes as Tech 3264 has them, Turkmen letters, long texts, and files from elsewhere."""

from __future__ import annotations

import io
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ttconv.stl import iso6937 as its
from ttconv.stl.reader import to_model

from tests.tracks.makers import losses, read, repairs, write
from workflow.errors import BadInput
from workflow.timebase import FLICKS_PER_SECOND, FrameGrid
from workflow.tracks.cues import Cue
from workflow.tracks.formats import iso6937, write_subtitles

SECOND = FLICKS_PER_SECOND
ALPHABET = "Çç Ää Žž Ňň Öö Şş Üü Ýý"


def cue(text: str, start: int = SECOND, end: int = 2 * SECOND, **more: object) -> Cue:
    return Cue("u1", start, end, text, **more)  # type: ignore[arg-type]


def block(text: bytes, *, number: int = 1, ebn: int = 0xFF, cs: int = 0, comment: int = 0) -> bytes:
    times = bytes([10, 0, number, 0, 10, 0, number + 1, 0])
    head = bytes([0, number, 0, ebn, cs]) + times + bytes([20, 2, comment])
    return head + text.ljust(112, b"\x8f")


def file(*blocks: bytes, table: bytes = b"00", rate: bytes = b"25") -> bytes:
    head = bytearray(b" " * 1024)
    head[0:14] = b"850STL" + rate + b".011" + table
    head[238:243] = b"%05d" % len(blocks)
    head[253:255] = b"23"
    head[256:264] = b"10000000"
    return bytes(head) + b"".join(blocks)


def test_every_turkmen_letter_is_an_accent_and_a_letter_and_comes_back() -> None:
    data = write([cue(ALPHABET)], "stl").data
    assert len(data) == 1024 + 128
    for letter in (b"\xcbC", b"\xc8a", b"\xcfZ", b"\xcfn", b"\xc8O", b"\xcbs", b"\xc8U", b"\xc2y"):
        assert letter in data
    assert read(data).cues[0].text == ALPHABET


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x2200), max_size=12))
def test_what_our_table_encodes_ttconv_decodes_the_same(text: str) -> None:
    kept = [char for char in text if iso6937.encode(char) is not None]
    data = b"".join(iso6937.encode(char) or b"" for char in kept)
    assert iso6937.decode(data)[0] == "".join(kept)
    assert its.decode(data)[0].replace("Ð", "Đ").replace("\u2126", "Ω") == "".join(kept)


def test_ttconv_by_itself_finds_the_same_text_and_times() -> None:
    data = write([cue("<i>Salam,\nsiz nirede?</i>")], "stl").data
    document = to_model(io.BytesIO(data))
    paragraph = next(iter(next(iter(document.get_body()))))
    assert (paragraph.get_begin(), paragraph.get_end()) == (1, 2)


def test_a_text_beyond_112_bytes_goes_on_in_extension_blocks_and_no_letter_is_cut() -> None:
    text = "\n".join(["Şşňňžžýýçç ääööüü ŞŞŇŇŽŽÝÝÇÇ ÄÄÖÖÜÜ abc"] * 5)
    data = write([cue(text)], "stl").data
    numbers = [data[at + 3] for at in range(1024, len(data), 128)]
    assert numbers == [0, 1, 2, 0xFF]
    assert read(data).cues[0].text == text
    assert b"00004" in data[238:243]


def test_signs_that_the_file_lacks_are_written_otherwise_and_named() -> None:
    exported = write([cue("– 5 $ … „№ 3“ 9 €")], "stl")
    assert read(exported.data).cues[0].text == '- 5 USD ... "No. 3“ 9 EUR'
    assert [loss.code for loss in exported.losses] == ["LETTERS"]


def test_cyrillic_turkmen_is_refused_and_russian_is_not() -> None:
    with pytest.raises(BadInput) as caught:
        write([cue("Адам сөвдасы җенаятдыр")], "stl")
    assert caught.value.code == "LETTERS"
    assert "ө" in caught.value.message
    data = write([cue("Торговля людьми — это преступление")], "stl", language="ru").data
    assert data[12:16] == b"0156"
    assert read(data).cues[0].text == "Торговля людьми - это преступление"


def test_titles_are_ascii_and_it_is_told() -> None:
    exported = write([cue("Salam")], "stl", title="Adam söwdasy")
    assert exported.data[16:48] == b"Adam sowdasy".ljust(32)
    assert [loss.code for loss in exported.losses] == ["TITLE"]


@pytest.mark.parametrize("rate", [Fraction(24), Fraction(24000, 1001), Fraction(50)])
def test_a_rate_that_stl_does_not_have_is_refused_with_what_to_do(rate: Fraction) -> None:
    with pytest.raises(BadInput) as caught:
        write([cue("Salam")], "stl", frame_rate=rate)
    assert caught.value.code == "FRAME_RATE"
    with pytest.raises(BadInput, match="FRAME_RATE"):
        write_subtitles([cue("Salam")], "stl")


@pytest.mark.parametrize("rate", [Fraction(25), Fraction(30), Fraction(30000, 1001)])
def test_after_ninety_minutes_a_time_is_still_on_its_frame(rate: Fraction) -> None:
    for frame in (5400 * 30 + 7, 1799, 1800, 17982, 17983, 17984, 30):
        start = FrameGrid(rate).time_of(frame)
        exported = write([cue("Soň", start, start + SECOND)], "stl", frame_rate=rate)
        assert read(exported.data).cues[0].start == start


def test_a_teletext_file_is_read_without_its_codes_and_colours_are_named() -> None:
    data = file(block(b"\x0d\x0b\x0bSalam\x8a\x8a\x0d\x03\x0b\x0bdost\x07jan\x0a\x0a"))
    imported = read(data)
    assert imported.cues[0].text == "Salam\ndost jan"
    assert imported.cues[0].start == SECOND
    assert losses(imported) == ["COLOURS_DROPPED"]
    assert repairs(imported) == ["PROGRAMME_START"]
    assert imported.report.encoding == ""


def test_styles_comments_user_data_and_extension_blocks_of_foreign_files() -> None:
    data = file(
        block(b"\x80Salam\x81 dost", ebn=0),
        block(b" jan"),
        block(b"soz", number=3, comment=1),
        block(b"\x01\x02", number=4, ebn=0xFE),
        block(b"sonu", number=5),
    )
    imported = read(data)
    assert [c.text for c in imported.cues] == ["<i>Salam</i> dost jan", "sonu"]
    assert set(losses(imported)) == {"COMMENT_DROPPED", "USER_DATA_DROPPED"}


def test_subtitles_that_add_up_become_a_cue_for_each_state() -> None:
    imported = read(file(block(b"Bir", cs=1), block(b"Iki", number=2, cs=3)))
    assert [c.text for c in imported.cues] == ["Bir", "Bir\nIki"]
    assert imported.cues[0].end == imported.cues[1].start
    assert "CUMULATIVE" in repairs(imported)


def test_a_file_that_breaks_off_is_read_and_told() -> None:
    imported = read(file(block(b"Bir")) + block(b"Iki", number=2)[:60])
    assert losses(imported) == ["TRUNCATED"]


def test_65_a_timecode_of_stl_that_is_none_is_refused_with_its_block() -> None:
    bad = bytearray(block(b"Bir"))
    bad[6] = 61
    with pytest.raises(BadInput) as caught:
        read(file(bytes(bad)))
    assert (caught.value.code, caught.value.where) == ("BAD_TIME", "line 1")


@given(st.binary(max_size=400))
def test_bytes_of_any_kind_in_blocks_are_read_or_refused(noise: bytes) -> None:
    try:
        read(file() + noise)
    except BadInput as refused:
        assert refused.code  # noqa: PT017
