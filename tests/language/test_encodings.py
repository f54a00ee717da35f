"""Encodings, on text that the models were not counted from: the second half of the Declaration."""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path

import pytest

from workflow.errors import BadInput
from workflow.language.encodings import CODE_PAGES, Guess, decode, guess

DATA = Path(__file__).parent / "data"
# cp1254 has no ň, ž, ý and cp1252 no ň, ş: text saved in them has lost those already.
LOST = {
    "cp1254": str.maketrans("ňžýŇŽÝ", "nzyNZY"),
    "cp1252": str.maketrans("ňşŇŞ", "nsNS"),
}
EIGHT_BIT = [
    ("tk-Latn", "cp1250"),
    ("tk-Latn", "iso8859-2"),
    ("tk-Latn", "cp1254"),
    ("tk-Latn", "cp1252"),
    ("tk-Latn", "cp852"),
    ("tk-Cyrl", "ptcp154"),
    ("ru", "cp1251"),
    ("ru", "koi8-r"),
    ("ru", "cp866"),
]
UNICODE = ["utf-8", "utf-8-sig", "utf-16-le", "utf-16-be", "utf-16", "utf-32"]


@cache
def words(language: str) -> tuple[str, ...]:
    text = (DATA / f"declaration-second-half.{language}.txt").read_text("utf-8")
    return tuple(text.replace("\u2010", "-").split())


def subtitles(language: str, cues: int, seed: int) -> str:
    start = random.Random(seed).randrange(len(words(language)))
    said = [words(language)[(start + i) % len(words(language))] for i in range(cues * 8)]
    return "\n".join(
        f"{n + 1}\n00:{n:02d}:01,000 --> 00:{n:02d}:03,500\n"
        f"{' '.join(said[n * 8 : n * 8 + 4])}\n{' '.join(said[n * 8 + 4 : n * 8 + 8])}\n"
        for n in range(cues)
    )


@pytest.mark.parametrize(("language", "code_page"), EIGHT_BIT)
@pytest.mark.parametrize(("cues", "share"), [(1, 0.9), (5, 0.95), (40, 0.95)])
def test_63_an_old_code_page_is_found_by_its_letters(
    language: str, code_page: str, cues: int, share: float
) -> None:
    samples = 20
    right = 0
    for seed in range(samples):
        data = (
            subtitles(language, cues, seed)
            .translate(LOST.get(code_page, {}))
            .encode(code_page, "replace")
        )
        found = guess(data)
        if found.text == data.decode(code_page):
            right += 1
        else:
            assert not found.sure or cues == 1, found.encoding
    assert right >= share * samples


@pytest.mark.parametrize("encoding", UNICODE)
@pytest.mark.parametrize("language", ["tk-Latn", "tk-Cyrl"])
@pytest.mark.parametrize("cues", [1, 5, 40])
def test_63_unicode_is_found_by_its_structure(encoding: str, language: str, cues: int) -> None:
    text = subtitles(language, cues, 7)
    found = guess(text.encode(encoding))
    assert found.text.removeprefix("\ufeff") == text
    assert found.sure


def test_63_english_with_curly_quotes_in_windows_1252_is_read_right() -> None:
    text = "“It’s here,” she said – and left…"
    assert guess(text.encode("cp1252")).text == text


def test_63_bytes_that_fit_several_pages_are_shown_in_each_and_not_called_sure() -> None:
    found = guess("1\n00:00:01,000 --> 00:00:02,000\nHä\n".encode("cp1250"))
    assert "Hä" in found.text
    unsure = guess(b"1\n00:00:01,000 --> 00:00:02,000\nA\xbeb\n")
    assert not unsure.sure
    assert len({unsure.text, *(other.text for other in unsure.alternatives)}) > 1


@pytest.mark.parametrize(
    ("text", "code_page"),
    [
        ("Všichni lidé rodí se svobodní a sobě rovní co do důstojnosti a práv.", "cp1250"),
        ("Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια.", "cp1253"),
        ("تمام افراد بشر آزاد به دنیا می آیند", "cp1256"),
        ("Барлық адамдар тумысынан азат және қадір-қасиеті тең", "kz1048"),
    ],
)
def test_63_a_language_that_no_model_knows_is_asked_about(text: str, code_page: str) -> None:
    assert not guess(text.encode(code_page, "replace")).sure


@pytest.mark.parametrize("code_page", ["cp1252", "cp1254", "cp1250", "cp1251"])
def test_utf8_that_was_encoded_twice_is_undone(code_page: str) -> None:
    text = "Hemmesi deňdir: özüň, şol, çagalar we ýaşlar"
    doubled = "".join(
        chr(byte)
        if 0x80 <= byte <= 0x9F and not _has(byte, code_page)
        else bytes([byte]).decode(code_page)
        for byte in text.encode()
    )
    found = guess(doubled.encode())
    assert (found.encoding, found.text) == ("utf-8", text)
    assert found.doubled  # cp1254 and cp1252 give the same here


def _has(byte: int, code_page: str) -> bool:
    try:
        bytes([byte]).decode(code_page)
    except UnicodeDecodeError:
        return False
    return True


@pytest.mark.parametrize("text", ["Ýagşy", "Ãzüm bägi", "Şol — “ýaş”", "Привет", "Ў"])
def test_good_utf8_is_left_as_it_is(text: str) -> None:
    assert guess(text.encode()) == Guess("utf-8", text)


GOOD = "1\nŞol gün\nýagyş ýagdy\n".encode()


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (GOOD + b"a\0b", 4),  # a zero byte
        (GOOD + b"\xff\xff", 4),  # never in UTF-8
        (GOOD + b"x\xc0\xafy", 4),  # overlong /
        (b"a\r\nb\xed\xa0\x80", 2),  # a surrogate
        (b"a\rb\r\xc0\x80", 3),  # overlong zero, lines that end with CR
        (GOOD[:-1] + b"\xc5", 3),  # cut in the middle of a letter
        (b"\xff\xfea", 1),  # half a character of UTF-16
        (b"\xff\xfea\x00\x00\xd8b\x00", 1),  # a lone surrogate
        (b"\xef\xbb\xbfa\n\xff", 2),
    ],
)
def test_62_bytes_that_are_no_text_are_refused_with_their_line(data: bytes, line: int) -> None:
    with pytest.raises(BadInput) as caught:
        guess(data)
    assert (caught.value.code, caught.value.where) == ("ENCODING", f"line {line}")


@pytest.mark.parametrize("name", ["rot13", "zip", "unicode_escape", "idna", "nonsense", "../x", ""])
def test_62_an_encoding_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(BadInput, match="ENCODING"):
        decode(b"abc", name)


@pytest.mark.parametrize("code_page", CODE_PAGES)
def test_a_named_encoding_is_used_as_named(code_page: str) -> None:
    data = bytes([0x41, 0xC4, 0xE4])
    assert decode(data, code_page) == data.decode(code_page)


def test_62_text_that_is_not_in_the_named_encoding_is_refused_with_its_line() -> None:
    with pytest.raises(BadInput) as caught:
        decode(b"abc\n\xff", "UTF-8")
    assert caught.value.where == "line 2"
