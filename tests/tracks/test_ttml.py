"""TTML: times of every kind, styles and places where they may stand, and no harm from XML."""

from __future__ import annotations

from fractions import Fraction

import pytest

from tests.tracks.makers import losses, read, repairs, write
from workflow.errors import BadInput
from workflow.timebase import FLICKS_PER_SECOND, from_ms, from_seconds
from workflow.tracks.cues import Cue

SECOND = FLICKS_PER_SECOND
HEAD = (
    '<tt xmlns="http://www.w3.org/ns/ttml" xmlns:ttp="http://www.w3.org/ns/ttml#parameter" '
    'xmlns:tts="http://www.w3.org/ns/ttml#styling" xmlns:ttm="http://www.w3.org/ns/ttml#metadata" '
)


def tt(body: str, head: str = "", parameters: str = "") -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{HEAD}{parameters}>{head}<body><div>{body}</div></body></tt>'


@pytest.mark.parametrize(
    "attack",
    [
        '<!DOCTYPE tt [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE tt SYSTEM "http://127.0.0.1/x.dtd">',
        '<!DOCTYPE tt [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>',
        '<!DOCTYPE tt [<!ENTITY % p SYSTEM "http://127.0.0.1/p"> %p;]>',
    ],
)
def test_69_a_document_type_in_ttml_is_refused_and_nothing_is_opened(attack: str) -> None:
    text = attack + HEAD + '><body><div><p begin="1s" end="2s">&x;</p></div></body></tt>'
    with pytest.raises(BadInput) as caught:
        read(text)
    assert caught.value.code == "FORMAT"
    assert "passwd" not in caught.value.message


def test_69_elements_nested_ten_thousand_deep_are_refused_quickly() -> None:
    with pytest.raises(BadInput, match="nested too deep"):
        read(tt("<div>" * 10_000 + "</div>" * 10_000))


def test_69_a_million_elements_are_refused() -> None:
    with pytest.raises(BadInput, match="elements"):
        read(tt("<p/>" * 1_000_000))


def test_broken_xml_is_refused_with_its_line() -> None:
    with pytest.raises(BadInput) as caught:
        read(tt('\n<p begin="1s" end="2s">Salam</q>'))
    assert (caught.value.code, caught.value.where) == ("FORMAT", "line 3")


@pytest.mark.parametrize(
    ("written", "parameters", "seconds"),
    [
        ("00:00:01.5", "", Fraction(3, 2)),
        ("01:00:00", "", Fraction(3600)),
        ("1.5s", "", Fraction(3, 2)),
        ("1500ms", "", Fraction(3, 2)),
        ("0.5m", "", Fraction(30)),
        ("0.25h", "", Fraction(900)),
        ("00:00:01:12", 'ttp:frameRate="24"', Fraction(3, 2)),
        (
            "36f",
            'ttp:frameRate="24" ttp:frameRateMultiplier="1000 1001"',
            Fraction(36 * 1001, 24000),
        ),
        ("15000000t", 'ttp:tickRate="10000000"', Fraction(3, 2)),
        (
            "00:01:00:02",
            'ttp:timeBase="smpte" ttp:dropMode="dropNTSC" ttp:frameRate="30" '
            'ttp:frameRateMultiplier="1000 1001"',
            Fraction(1800 * 1001, 30000),
        ),
        (
            "00:00:10:00",
            'ttp:timeBase="smpte" ttp:frameRate="30" ttp:frameRateMultiplier="1000 1001"',
            Fraction(300 * 1001, 30000),
        ),
    ],
)
def test_every_way_to_write_a_time_is_exact(
    written: str, parameters: str, seconds: Fraction
) -> None:
    imported = read(tt(f'<p begin="{written}" end="02:00:00">Salam</p>', "", parameters))
    assert imported.cues[0].start == from_seconds(seconds)
    assert repairs(imported) == []


def test_frames_without_a_rate_are_read_with_the_films_and_told_without_it() -> None:
    text = tt('<p begin="00:00:01:12" end="00:00:03:00">Salam</p>')
    assert read(text, frame_rate=Fraction(24)).cues[0].start == 3 * SECOND // 2
    alone = read(text)
    assert alone.cues[0].start == from_seconds(Fraction(42, 30))
    assert repairs(alone) == ["FRAME_RATE"]


def test_times_are_counted_from_what_is_around_and_one_after_another_in_a_sequence() -> None:
    nested = tt('<div begin="10s"><p begin="1s" dur="2s">Bir</p></div>')
    assert (read(nested).cues[0].start, read(nested).cues[0].end) == (11 * SECOND, 13 * SECOND)
    turn = tt('<div timeContainer="seq"><p dur="2s">Bir</p><p begin="1s" dur="2s">Iki</p></div>')
    assert [(c.start // SECOND, c.end // SECOND) for c in read(turn).cues] == [(0, 2), (3, 5)]


@pytest.mark.parametrize("written", ["00:61:00.0", "x", "00:00:01:30", "-00:00:01.0"])
def test_65_times_of_ttml_that_cannot_be_meant_are_refused(written: str) -> None:
    with pytest.raises(BadInput) as caught:
        read(tt(f'<p begin="{written}" end="02:00:00">Salam</p>'))
    assert caught.value.where == "line 2"


def test_styles_are_found_in_references_regions_spans_and_around() -> None:
    head = (
        '<head><styling><style xml:id="i" tts:fontStyle="italic"/><style xml:id="ib" style="i" '
        'tts:fontWeight="bold"/></styling><layout><region xml:id="top" tts:origin="10% 10%" '
        'tts:extent="80% 10%" tts:displayAlign="before"/></layout></head>'
    )
    body = (
        '<p begin="1s" end="2s" style="ib">Salam <span tts:fontWeight="normal">dost</span></p>'
        '<p begin="3s" end="4s" region="top">Ýokary<br/>\n   <span tts:textDecoration="underline">iki</span>\n</p>'
    )
    cues = read(tt(body, head)).cues
    assert [(c.text, c.position) for c in cues] == [
        ("<b><i>Salam </i></b><i>dost</i>", None),
        ("Ýokary\n<u>iki</u>", 8),
    ]


def test_spans_with_times_of_their_own_become_a_cue_for_each_state_and_it_is_told() -> None:
    imported = read(
        tt('<p begin="1s" end="4s">Bir <span begin="1s">iki </span><span begin="2s">üç</span></p>')
    )
    assert [(c.start // SECOND, c.end // SECOND, c.text) for c in imported.cues] == [
        (1, 2, "Bir"),
        (2, 3, "Bir iki"),
        (3, 4, "Bir iki üç"),
    ]
    assert repairs(imported) == ["TIMED_SPANS"]


def test_old_namespaces_and_windows_encodings_are_read() -> None:
    text = (
        '<?xml version="1.0" encoding="windows-1251"?>\n<tt xmlns="http://www.w3.org/2006/10/ttaf1">'
        '<body><div><p begin="00:00:01.00" end="00:00:02.00">Привет, это проверка</p></div></body></tt>'
    )
    imported = read(text.encode("cp1251"))
    assert imported.cues[0].text == "Привет, это проверка"
    assert imported.report.encoding == "cp1251"


def test_what_a_cue_cannot_hold_is_named() -> None:
    imported = read(tt('<p begin="1s" end="2s" tts:color="red">Salam<q>dost</q></p>'))
    assert losses(imported) == ["STYLES_DROPPED", "TAG_DROPPED"]


def test_subtitles_that_are_pictures_are_refused() -> None:
    with pytest.raises(BadInput, match="pictures"):
        read(tt('<div begin="1s" end="2s" smpte:backgroundImage="#a" xmlns:smpte="urn:x"/>'))


def test_56_a_script_in_ttml_stays_text_or_goes() -> None:
    text = tt('<p begin="1s" end="2s">&lt;script&gt;a&lt;/script&gt; &lt;i&gt;</p>')
    imported = read(text)
    assert imported.cues[0].text == "<script>a</script> ‹i›"
    assert b"<script" not in write(imported.cues, "ttml").data


def test_what_is_written_names_its_language_rate_and_profile() -> None:
    data = write(
        [Cue("u1", from_ms(1001), from_ms(5555), "<i>Salam</i>", "Aýna", position=8)],
        "ttml",
        frame_rate=Fraction(24000, 1001),
    ).data.decode()
    for part in (
        'xml:lang="tk"',
        'ttp:frameRate="24"',
        'ttp:frameRateMultiplier="1000 1001"',
        "imsc1.1/text",
        'begin="00:00:01.001" end="00:00:05.555"',
        'region="at8"',
        "<ttm:name",
    ):
        assert part in data


def test_two_thousand_cues_are_written_and_read_back() -> None:
    cues = [Cue(f"u{n}", n * SECOND, n * SECOND + SECOND // 2, "Salam") for n in range(2000)]
    assert len(read(write(cues, "ttml").data).cues) == 2000


def test_what_is_around_cuts_off_what_is_inside_and_what_never_shows_is_named() -> None:
    body = '<div end="10s"><p begin="5s" dur="15s">Bir</p><p begin="12s" dur="5s">Iki</p></div>'
    imported = read(tt(body))
    assert [(c.start // SECOND, c.end // SECOND, c.text) for c in imported.cues] == [(5, 10, "Bir")]
    assert losses(imported) == ["HIDDEN_TEXT"]


def test_spans_of_a_sequence_follow_one_another_and_text_between_them_has_no_time() -> None:
    imported = read(
        tt(
            '<p timeContainer="seq" begin="5s" end="20s">x<span dur="2s">Bir</span><span dur="3s">Iki</span></p>'
        )
    )
    assert [(c.start // SECOND, c.end // SECOND, c.text) for c in imported.cues] == [
        (5, 7, "Bir"),
        (7, 10, "Iki"),
    ]
    assert losses(imported) == ["HIDDEN_TEXT"]


def test_a_prefix_that_nobody_declared_does_not_keep_a_file_from_being_read() -> None:
    assert read(tt('<p begin="1s" end="2s" itunes:key="a">Salam</p>')).cues[0].text == "Salam"


def test_elements_of_another_namespace_are_no_subtitles() -> None:
    body = '<p begin="1s" end="2s">Salam</p><f:p xmlns:f="urn:f" begin="3s" end="4s">x</f:p>'
    assert [c.text for c in read(tt(body)).cues] == ["Salam"]


def test_times_of_apples_lyrics_without_hours_are_read_and_told() -> None:
    imported = read(tt('<p begin="1:01.5" end="1:02.5">Salam</p>'))
    assert imported.cues[0].start == 123 * SECOND // 2
    assert repairs(imported) == ["TIME_FORM", "TIME_FORM"]
