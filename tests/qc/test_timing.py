"""Rules T at every common rate: a cue that passes, one that fails, and one on the line between."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest

from workflow.qc import PROFILES, FilmFacts, LineUp, check
from workflow.timebase import FLICKS_PER_SECOND, FrameGrid, from_ms, from_seconds, to_ms
from workflow.tracks.cues import Cue

RATES = [Fraction(24000, 1001), Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(30)]
HALF = {RATES[0]: 12, RATES[1]: 12, RATES[2]: 13, RATES[3]: 15, RATES[4]: 15}
TRAINING, KIDS, NETFLIX, BBC = (
    PROFILES[name] for name in ("training-film", "kids", "netflix-general", "bbc")
)
rates = pytest.mark.parametrize("rate", RATES, ids=str)


def at_frames(rate: Fraction, *spans: tuple[int, int], text: str = "Hawa.") -> list[Cue]:
    grid = FrameGrid(rate)
    return [
        Cue(f"c{n}", grid.time_of(start), grid.time_of(end), text)
        for n, (start, end) in enumerate(spans, start=1)
    ]


def film(rate: Fraction, *cuts: int, frames: int = 3000) -> FilmFacts:
    grid = FrameGrid(rate)
    return FilmFacts(rate, grid.time_of(frames), tuple(grid.time_of(cut) for cut in cuts))


def found(rule: str, cues: list[Cue], **more: object) -> list[tuple[int, str]]:
    findings = check(LineUp(cues, **more))  # type: ignore[arg-type]
    return [(f.cue, f.severity) for f in findings if f.rule == rule]


def lasting(seconds: Fraction | int, text: str = "Hawa.") -> list[Cue]:
    return [Cue("c1", 0, int(seconds * FLICKS_PER_SECOND), text)]


@pytest.mark.parametrize(
    ("profile", "seconds", "severity"),
    [
        ("training-film", Fraction(1), None),
        ("training-film", Fraction(99, 100), "warning"),
        ("training-film", Fraction(5, 6), "warning"),
        ("training-film", Fraction(8, 10), "error"),
        ("kids", Fraction(6, 5), None),
        ("kids", Fraction(11, 10), "warning"),
        ("kids", Fraction(99, 100), "error"),
        ("netflix-general", Fraction(5, 6), None),
        ("netflix-general", Fraction(8, 10), "error"),
        ("bbc", Fraction(3, 10), None),
        ("bbc", Fraction(29, 100), "error"),
    ],
)
def test_t01_judges_how_long_a_cue_stands_by_profile(
    profile: str, seconds: Fraction, severity: str | None
) -> None:
    judged = found("T01", lasting(seconds), profile=PROFILES[profile])
    assert judged == ([(1, severity)] if severity else [])


def test_t01_of_bbc_counts_words() -> None:
    assert found("T01", lasting(1, "bir iki üç"), profile=BBC) == []
    assert found("T01", lasting(1, "bir iki üç dört"), profile=BBC) == [(1, "error")]


def test_t01_offers_a_fix_only_where_there_is_room() -> None:
    cues = [Cue("a", 0, from_ms(500), "Hä"), Cue("b", from_ms(500), from_ms(3000), "Hä")]
    assert [f.fix for f in check(LineUp(cues)) if f.rule == "T01"] == [False]


def test_t02_finds_a_cue_that_stands_over_seven_seconds() -> None:
    assert found("T02", lasting(7)) == []
    assert found("T02", lasting(Fraction(7001, 1000))) == [(1, "warning")]


@pytest.mark.parametrize(
    ("profile", "cps", "severity"),
    [
        ("training-film", 15, None),
        ("training-film", Fraction(151, 10), "warning"),
        ("training-film", 17, "warning"),
        ("training-film", Fraction(171, 10), "error"),
        ("kids", 12, None),
        ("kids", 13, "warning"),
        ("kids", 14, "error"),
        ("netflix-general", 17, None),
        ("netflix-general", 18, "error"),
        ("bbc", 40, None),
    ],
)
def test_t03_judges_characters_a_second_by_profile(
    profile: str, cps: Fraction | int, severity: str | None
) -> None:
    # Rounded up: a cue of "15 characters a second" must not come out a flick too fast.
    end = math.ceil(34 * FLICKS_PER_SECOND / Fraction(cps))
    cue = [Cue("c1", 0, end, f"<i>{'a' * 34}</i>")]
    judged = found("T03", cue, profile=PROFILES[profile])
    assert judged == ([(1, severity)] if severity else [])


def test_t03_lets_english_run_faster_under_netflix() -> None:
    assert found("T03", lasting(1, "a" * 19), profile=NETFLIX, language="en") == []
    assert found("T03", lasting(1, "a" * 19), profile=NETFLIX) == [(1, "error")]


def test_t04_hints_at_many_words_a_minute() -> None:
    assert found("T04", lasting(6, " ".join(["söz"] * 13))) == []
    assert found("T04", lasting(6, " ".join(["söz"] * 14))) == [(1, "hint")]


@rates
def test_t05_asks_for_two_frames_between_cues(rate: Fraction) -> None:
    for gap, wanted in ((0, [(1, "error")]), (1, [(1, "error")]), (2, [])):
        cues = at_frames(rate, (0, 50), (50 + gap, 100))
        assert found("T05", cues, film=film(rate)) == wanted


@rates
def test_t05_is_right_for_times_that_srt_cut_to_milliseconds(rate: Fraction) -> None:
    for first in range(40, 64):
        cues = [
            Cue(c.uid, from_ms(to_ms(c.start)), from_ms(to_ms(c.end)), c.text)
            for c in at_frames(rate, (0, first), (first + 2, 100))
        ]
        assert found("T05", cues, film=film(rate)) == []


def test_t05_says_nothing_without_a_film_or_under_bbc() -> None:
    cues = at_frames(RATES[1], (0, 50), (50, 100))
    assert found("T05", cues) == []
    assert found("T05", cues, film=film(RATES[1]), profile=BBC) == []


@rates
def test_t06_finds_gaps_from_three_frames_to_just_under_half_a_second(rate: Fraction) -> None:
    half = HALF[rate]
    for gap, wanted in ((2, []), (3, [(1, "warning")]), (half - 1, [(1, "warning")]), (half, [])):
        cues = at_frames(rate, (0, 50), (50 + gap, 150))
        assert found("T06", cues, film=film(rate)) == wanted


def test_t07_finds_an_overlap_of_one_flick() -> None:
    one, two = Cue("a", 0, from_ms(2000), "a"), Cue("b", from_ms(2000), from_ms(4000), "b")
    assert found("T07", [one, two]) == []
    assert found("T07", [Cue("a", 0, from_ms(2000) + 1, "a"), two]) == [(1, "error")]


@rates
def test_t10_and_t11_find_cues_that_come_just_before_a_cut(rate: Fraction) -> None:
    half = HALF[rate]
    for before, t10, t11 in (
        (0, [], []),
        (1, [(1, "warning")], []),
        (7, [(1, "warning")], []),
        (8, [], [(1, "warning")]),
        (half - 1, [], [(1, "warning")]),
        (half, [], []),
    ):
        cues = at_frames(rate, (200 - before, 300))
        assert found("T10", cues, film=film(rate, 200)) == t10, before
        assert found("T11", cues, film=film(rate, 200)) == t11, before


@rates
def test_t12_finds_cues_that_come_just_after_a_cut(rate: Fraction) -> None:
    half = HALF[rate]
    for after, wanted in ((0, []), (1, [(1, "warning")]), (half - 1, [(1, "warning")]), (half, [])):
        cues = at_frames(rate, (200 + after, 300))
        assert found("T12", cues, film=film(rate, 200)) == wanted, after


@rates
def test_t13_wants_an_out_time_near_a_cut_two_frames_before_it(rate: Fraction) -> None:
    half = HALF[rate]
    for before, wanted in (
        (1, [(1, "warning")]),
        (2, []),
        (3, [(1, "warning")]),
        (half, [(1, "warning")]),
        (half + 1, []),
    ):
        cues = at_frames(rate, (100, 200 - before))
        assert found("T13", cues, film=film(rate, 200)) == wanted, before


@rates
def test_t14_wants_an_out_time_just_after_a_cut_before_it(rate: Fraction) -> None:
    half = HALF[rate]
    for after, wanted in ((0, [(1, "warning")]), (half - 1, [(1, "warning")]), (half, [])):
        cues = at_frames(rate, (100, 200 + after))
        assert found("T14", cues, film=film(rate, 200)) == wanted, after


@rates
def test_t13_and_t14_of_bbc_end_with_the_shot(rate: Fraction) -> None:
    cues = at_frames(rate, (100, 200))
    for rule in ("T13", "T14"):
        assert found(rule, cues, film=film(rate, 200), profile=BBC) == []
    late = at_frames(rate, (100, 200 + int(rate) - 2))
    assert found("T14", late, film=film(rate, 200), profile=BBC) == [(1, "warning")]


def test_rules_about_cuts_say_nothing_when_nobody_looked_for_cuts() -> None:
    cues = at_frames(RATES[1], (199, 300))
    facts = FilmFacts(RATES[1], from_seconds(100), shots=None)
    assert not [
        f for f in check(LineUp(cues, film=facts)) if f.rule in {"T10", "T11", "T12", "T13", "T14"}
    ]


def test_65_t16_finds_an_end_at_or_before_its_start_and_a_cue_out_of_order() -> None:
    cues = [Cue("a", 5000, 5000, "a"), Cue("b", 9000, 8000, "b"), Cue("c", 1000, 2000, "c")]
    assert found("T16", cues) == [(1, "error"), (2, "error"), (3, "error")]
    assert found("T16", [Cue("a", 0, 1, "a"), Cue("b", 0, 2, "b")]) == []


def test_66_t17_finds_cues_before_and_after_the_film_and_offers_to_clip_them() -> None:
    facts = FilmFacts(Fraction(24), from_seconds(10))
    cues = [Cue("a", -5, from_ms(2000), "a"), Cue("b", from_ms(9000), from_seconds(10), "b")]
    assert found("T17", cues, film=facts) == [(1, "error")]
    late = [
        Cue("a", from_ms(9000), from_seconds(10) + 1, "a"),
        Cue("b", from_seconds(11), from_seconds(12), "b"),
    ]
    findings = [f for f in check(LineUp(late, film=facts)) if f.rule == "T17"]
    assert [(f.cue, f.fix) for f in findings] == [(1, True), (2, False)]


@rates
def test_t18_allows_a_millisecond_beside_a_frame(rate: Fraction) -> None:
    (cue,) = at_frames(rate, (100, 200))
    for off, wanted in ((0, []), (from_ms(1), []), (from_ms(1) + 1, [(1, "hint")])):
        moved = Cue("c1", cue.start + off, cue.end, cue.text)
        assert found("T18", [moved], film=film(rate)) == wanted


def test_an_empty_track_has_no_findings() -> None:
    assert check(LineUp([], film=film(RATES[0], 5), source=at_frames(RATES[0], (1, 9)))) == ()
