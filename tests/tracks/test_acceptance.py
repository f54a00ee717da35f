"""The eight tests that subtitles must hold (design of subtitles, section 6), one each by its number."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from tests.qc.test_table import RATES, TABLE
from tests.tracks.makers import counter, read_again, write
from tests.tracks.test_formats import TORTURE
from workflow.errors import BadInput
from workflow.language import encodings
from workflow.language.letters import tidy
from workflow.language.order import long_date, number, sort_key, upper
from workflow.language.postpositions import POSTPOSITIONS, every_phrase
from workflow.language.spelling import WORD, turkmen
from workflow.qc import PROFILES, RULES, LineUp, check, repair
from workflow.qc.fixes import FIXERS
from workflow.timebase import FLICKS_PER_SECOND
from workflow.tracks import operations
from workflow.tracks.cues import Cue
from workflow.tracks.formats import WRITABLE, by_ttconv, read_subtitles
from workflow.tracks.text import plain

SECOND = FLICKS_PER_SECOND
UNSEEN = Path(__file__).parents[1] / "language" / "data"
RATE = Fraction(25)


def declaration(language: str) -> list[str]:
    return (UNSEEN / f"declaration-second-half.{language}.txt").read_text("utf-8").split()


def track_of(words: Sequence[str], count: int, start: int = 0) -> tuple[Cue, ...]:
    """Cues of six words in two lines, two seconds each, all on frames of 25."""
    return tuple(
        Cue(
            f"u{n}",
            3 * n * SECOND,
            (3 * n + 2) * SECOND,
            " ".join(words[start + 6 * n :][:3]) + "\n" + " ".join(words[start + 6 * n + 3 :][:3]),
        )
        for n in range(count)
    )


@pytest.mark.parametrize("name", [known.name for known in WRITABLE])
def test_1_thirty_turkmen_cues_go_through_every_format_with_every_letter(name: str) -> None:
    cues = track_of([tidy(word)[0] for word in declaration("tk-Latn")], 30)
    exported = write(cues, name)
    again = read_again(exported.data)
    assert [c.text for c in again.cues] == [c.text for c in cues] or exported.losses
    letters = ["".join(filter(str.isalpha, plain(c.text))) for c in again.cues]
    assert letters == ["".join(filter(str.isalpha, c.text)) for c in cues]
    assert [(c.start, c.end) for c in again.cues] == [(c.start, c.end) for c in cues]


@pytest.mark.parametrize("name", [known.name for known in WRITABLE])
def test_2_the_torture_file_loses_nothing_in_silence(name: str) -> None:
    exported = write(TORTURE, name)
    told = {loss.where for loss in exported.losses}
    again = read_again(exported.data)
    for place, (cue, back) in enumerate(zip(TORTURE, again.cues, strict=True), start=1):
        same = (plain(back.text), back.position) == (plain(cue.text), cue.position)
        assert same or f"cue {place}" in told


PAGES = {
    "tk-Latn": ("cp1250", "iso8859-2", "cp852"),
    "tk-Cyrl": ("ptcp154",),
    "ru": ("cp1251", "koi8-r", "cp866"),
    "en": ("cp1252",),
}
UNICODE = ("utf-8", "utf-8-sig", "utf-16-le", "utf-16-be")


@pytest.mark.parametrize("cues", [1, 5, 40])
def test_3_every_encoding_is_read_right_from_five_cues_and_asked_about_when_unsure(
    cues: int,
) -> None:
    right = asked = tried = 0
    for language, pages in PAGES.items():
        words = declaration(language)
        for page in (*pages, *UNICODE):
            for seed in range(3 if cues < 40 else 1):
                start = random.Random(seed).randrange(len(words) - 6 * cues)
                track = track_of(words, cues, start)
                text = tidy(write(track, "srt").data.decode())[0]
                data = text.encode(page, "ignore")
                guess = encodings.guess(data)
                tried += 1
                good = guess.text.removeprefix("\ufeff") == data.decode(page).removeprefix("\ufeff")
                right += good
                asked += not good and not guess.sure
    assert right + asked == tried if cues == 1 else right >= 0.95 * tried
    assert right + asked >= 0.99 * tried


def test_4_each_rule_has_its_cues_in_each_profile_and_mending_twice_is_mending_once() -> None:
    for kind in ("pass", "edge", "fail"):
        assert {rule for rule, what, _, _ in TABLE if what == kind} == set(RULES)
    assert [Fraction(24000, 1001), 24, 25, 30] == RATES
    for _, what, make, _ in TABLE:
        if what != "fail":
            continue
        scene = make(Fraction(24000, 1001))
        once = repair(LineUp(scene.cues, film=scene.film, source=scene.source), [*FIXERS, "T16"])
        twice = repair(LineUp(once.cues, film=scene.film, source=scene.source), [*FIXERS, "T16"])
        assert twice.cues == once.cues
        before, after = (
            sum(
                f.severity == "error"
                for f in check(LineUp(cues, film=scene.film, source=scene.source))
            )
            for cues in (scene.cues, once.cues)
        )
        assert after <= before
    assert len(PROFILES) >= 4


def test_5_the_declaration_has_few_false_alarms_and_none_more_when_taken_apart() -> None:
    published = " ".join(declaration("tk-Latn")).replace("-", "\u2010")
    alarms = [
        [word for word in WORD.findall(tidy(text)[0]) if not turkmen().knows(word)]
        for text in (published, unicodedata.normalize("NFD", published))
    ]
    assert len(alarms[0]) <= 0.03 * len(published.split())
    assert alarms[0] == alarms[1]


def test_6_letters_sort_and_numbers_dates_and_capitals_are_turkmen() -> None:
    alphabet = [*"abçdeäfghijžklmnňoöprsştuüwyýz"]
    shuffled = random.Random(1).sample(alphabet, 30)
    assert sorted(shuffled, key=sort_key) == alphabet
    assert number(Decimal("1234.5"), 2) == "1\u00a0234,50"
    assert long_date(date(2026, 11, 3)) == "3\u00a0noýabr 2026"
    assert upper("ýigit") == "ÝIGIT"


def test_7_no_line_is_ever_broken_before_a_postposition() -> None:
    sure = [
        " ".join(one.words) for one in every_phrase() if one.group in POSTPOSITIONS and one.sure
    ]
    assert len(sure) > 30
    for words in sure:
        before, after = "Adamlaryň köpüsiniň aýdyşy ýaly", "şeýdip hemmeler öýlerine gaýdyp gitdi"
        cue = Cue("u", 0, SECOND, f"{before} {words} {after}")
        (broken,) = operations.re_break([cue], most=60, language="tk")
        assert f"\n{words} " not in broken.text


def test_8_stl_of_ours_is_ttconvs_and_scc_is_refused_with_the_reason() -> None:
    cues = track_of([tidy(word)[0] for word in declaration("tk-Latn")], 12)
    shown = by_ttconv.read_stl(write(cues, "stl").data, RATE)
    assert [one.text for one in shown] == [c.text for c in cues]
    assert [(one.start * SECOND, one.end * SECOND) for one in shown if one.end is not None] == [
        (c.start, c.end) for c in cues
    ]
    with pytest.raises(BadInput, match="CEA-608"):
        write(cues, "scc")


@pytest.mark.parametrize(
    ("language", "name"),
    [("ru", "Russian"), ("kk", "Kazakh"), ("tk-Cyrl", "Cyrillic"), ("tr", "Turkish")],
)
def test_71_a_file_in_another_language_than_it_is_said_to_be_is_told(
    language: str, name: str
) -> None:
    data = write(track_of(declaration(language), 8), "srt").data
    said = {
        r.code: r.message for r in read_subtitles(data, language="tk", uid=counter()).report.repairs
    }
    assert name in said["OTHER_LANGUAGE"]
    own = write(track_of(declaration("tk-Latn"), 8), "srt").data
    report = read_subtitles(own, language="tk", uid=counter()).report
    assert "OTHER_LANGUAGE" not in {r.code for r in report.repairs}
