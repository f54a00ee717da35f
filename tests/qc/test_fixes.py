"""Mends: what they change, that they do no harm, and that twice is once."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.errors import BadInput
from workflow.qc import FilmFacts, check, fix
from workflow.qc.fixes import FIXERS
from workflow.timebase import FrameGrid, from_ms, from_seconds
from workflow.tracks.cues import Cue, in_order

FILM = FilmFacts(Fraction(24), from_seconds(60), tuple(from_seconds(n) for n in (5, 10, 11, 30)))
EVERY_RULE = [*FIXERS, "T16"]


def one(rule: str, text: str) -> str:
    (mended,) = fix([Cue("a", 0, from_ms(3000), text)], [rule])
    return mended.text


def test_words_are_mended() -> None:
    assert one("X03", " Salam  dost \nsen kim ?") == "Salam dost\nsen kim?"
    assert one("X03", "<i>Salam </i>") == "<i>Salam</i>"
    assert one("X04", "<i>Salam <font color=red>dost</font>") == "<i>Salam dost</i>"
    assert one("X05", "Diýmek...") == "Diýmek…"
    assert one("L01", "Men saňa kömek etmek üçin bu ýere geldim, sen kim?") == (
        "Men saňa kömek etmek üçin\nbu ýere geldim, sen kim?"
    )
    assert one("L03", "<i>Men\ngeldim.</i>") == "<i>Men geldim.</i>"


def test_an_override_that_viewers_would_see_becomes_the_place() -> None:
    (mended,) = fix([Cue("a", 0, from_ms(3000), "{\\an8}Salam")], ["X04"])
    assert (mended.text, mended.position) == ("Salam", 8)


def test_an_empty_cue_goes_but_not_while_its_source_waits_for_a_translation() -> None:
    cues = [Cue("a", 0, from_ms(3000), "Salam"), Cue("b", from_ms(4000), from_ms(6000), "")]
    assert [c.uid for c in fix(cues, ["X01"])] == ["a"]
    source = [Cue("s", 0, from_ms(3000), "Hello"), Cue("t", from_ms(4000), from_ms(6000), "You")]
    assert [c.uid for c in fix(cues, ["X01"], source=source)] == ["a", "b"]


def test_overlaps_gaps_and_ends_are_mended_on_frames() -> None:
    grid = FrameGrid(FILM.rate)
    cues = [
        Cue("a", grid.time_of(0), grid.time_of(60), "Salam"),
        Cue("b", grid.time_of(50), grid.time_of(90), "Dost"),
        Cue("c", grid.time_of(98), grid.time_of(100), "Hä"),
        Cue("d", grid.time_of(1400), grid.time_of(1450), "Sag bol"),
    ]
    mended = fix(cues, ["T07", "T06", "T01", "T17"], film=FILM)
    assert [(grid.frame_at(c.start), grid.frame_at(c.end)) for c in mended] == [
        (0, 48),
        (50, 96),
        (98, 122),
        (1400, 1440),
    ]


def test_a_mend_that_would_make_a_new_error_is_not_made() -> None:
    # Trimming to the next cue would leave too little time to read.
    cues = [
        Cue("a", from_ms(0), from_ms(2400), "Otuz iki harplyk bir sözlem bu."),
        Cue("b", from_ms(1300), from_ms(4000), "Hawa."),
    ]
    assert fix(cues, ["T07"]) == tuple(cues)


def test_what_no_rule_found_is_not_touched() -> None:
    cues = (Cue("a", 1, 2, "...  </i>"),)
    assert fix(cues, []) == cues


@pytest.mark.parametrize("rule", ["T03", "M01", "nonsense"])
def test_a_rule_without_a_mend_is_refused(rule: str) -> None:
    with pytest.raises(BadInput, match="NO_FIX"):
        fix([], [rule])


WORDS = st.lists(
    st.sampled_from(
        ["Salam", "dost", "üçin", "...", " ", "\n", "<i>", "</i>", "{\\an8}", "uzyn söz", "!"]
    ),
    max_size=14,
).map(" ".join)


@st.composite
def rough_tracks(draw: st.DrawFn) -> tuple[Cue, ...]:
    cues = []
    for number in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, 14_000))
        length = draw(st.integers(1, 6000))
        cues.append(Cue(f"c{number}", from_ms(start), from_ms(start + length), draw(WORDS)))
    return tuple(cues)


@given(rough_tracks())
def test_mending_twice_is_mending_once_and_makes_no_new_error(cues: tuple[Cue, ...]) -> None:
    once = fix(cues, EVERY_RULE, film=FILM)
    assert fix(once, EVERY_RULE, film=FILM) == once
    before = {(f.rule, f.uid) for f in check(in_order(cues), film=FILM) if f.severity == "error"}
    after = {(f.rule, f.uid) for f in check(once, film=FILM) if f.severity == "error"}
    assert after <= before
