"""The placement rule, the limits of stretching, and what users of other dubbing tools complain about."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.dub.fit import FORCED, HARDEST, Placement, place_lines, stretched, with_soft_edges
from workflow.dub.script import DubLine
from workflow.dub.sound import RATE
from workflow.timebase import FLICKS_PER_SECOND as SECOND

LEAD = RATE * 3 // 2


def line(
    number: int, start: float, end: float, speaker: str = "", on_screen: bool = False
) -> DubLine:
    text = "Adam söwdasy ynsan hukuklarynyň agyr bozulmasydyr"
    times = round(start * SECOND), round(end * SECOND)
    return DubLine(number, (f"c{number}",), speaker, text, *times, on_screen)


def seconds(value: float) -> int:
    return round(value * RATE)


def test_a_voice_over_lets_the_original_be_heard_alone_first() -> None:
    (placed,) = place_lines([line(1, 10, 14)], [seconds(2)], mode="voice-over", lead=LEAD)
    assert (placed.start, placed.length, placed.status) == (seconds(11.5), seconds(2), "ok")


def test_the_last_line_ends_with_the_film_and_not_after_it() -> None:
    (placed,) = place_lines(
        [line(1, 10, 14)], [seconds(3)], mode="voice-over", lead=LEAD, until=seconds(14.2)
    )
    assert (placed.status, placed.start, placed.end) == ("ok", seconds(11.2), seconds(14.2))


def test_the_lead_shrinks_before_anything_is_stretched() -> None:
    (placed,) = place_lines([line(1, 10, 14)], [seconds(4.6)], mode="voice-over", lead=LEAD)
    assert (placed.start, placed.ratio) == (seconds(10.4), 1.0)


def test_a_voice_over_ends_a_second_after_the_original_at_most_and_before_the_next_line() -> None:
    lines = [line(1, 10, 14), line(2, 14.5, 17)]
    first, _ = place_lines(lines, [seconds(4.3), seconds(1)], mode="voice-over", lead=LEAD)
    assert (first.start, first.end) == (seconds(10), seconds(14.3))


def test_a_short_line_is_never_stretched_to_fill_its_time() -> None:
    (placed,) = place_lines([line(1, 10, 20)], [seconds(1)], mode="full", lead=LEAD)
    assert (placed.ratio, placed.length) == (1.0, seconds(1))


def test_a_line_up_to_15_per_cent_too_long_is_hurried_and_marked_tight() -> None:
    (easy,) = place_lines([line(1, 0, 4)], [seconds(5.4)], mode="voice-over", lead=LEAD)
    (tight,) = place_lines([line(1, 0, 4)], [seconds(5.7)], mode="voice-over", lead=LEAD)
    assert (easy.status, easy.length) == ("ok", seconds(5))
    assert (tight.status, tight.length) == ("tight", seconds(5))


def test_too_long_a_line_is_never_stretched_above_1_15_without_a_tick() -> None:
    (placed,) = place_lines([line(1, 0, 4)], [seconds(6)], mode="voice-over", lead=LEAD)
    assert (placed.status, placed.ratio, placed.length) == ("too_long", 1.0, seconds(6))
    assert placed.cut == 2  # of 17 syllables
    (forced,) = place_lines([line(1, 0, 4)], [seconds(6)], mode="voice-over", lead=LEAD, force=True)
    assert (forced.status, forced.length) == ("tight", seconds(5))


def test_too_long_a_line_stays_out_where_it_would_run_into_the_next() -> None:
    lines = [line(1, 0, 4), line(2, 5, 8)]
    long, following = place_lines(lines, [seconds(7), seconds(2)], mode="voice-over", lead=LEAD)
    assert (long.status, long.in_mix) == ("too_long", False)
    assert following.in_mix


def test_lines_of_one_speaker_in_a_scene_are_hurried_alike() -> None:
    lines = [line(1, 0, 4, "A"), line(2, 4.5, 8, "A"), line(3, 20, 24, "A")]
    placed = place_lines(lines, [seconds(4.7), seconds(2), seconds(2)], mode="voice-over", lead=0)
    assert placed[0].ratio == placed[1].ratio > 1.05
    assert placed[2].ratio == 1.0


def test_lines_on_screen_begin_with_the_lips_and_others_up_to_300_ms_early() -> None:
    for on_screen, start in ((True, 10.0), (False, 9.7)):
        (placed,) = place_lines(
            [line(1, 10, 12, on_screen=on_screen)], [seconds(3)], mode="full", lead=LEAD
        )
        assert placed.start == seconds(start)


def test_a_missing_take_leaves_its_place_empty() -> None:
    (placed,) = place_lines([line(1, 10, 12)], [None], mode="voice-over", lead=LEAD)
    assert placed == Placement(1, "missing")


@given(
    starts=st.lists(st.integers(0, 3000), min_size=2, max_size=12, unique=True).map(sorted),
    durations=st.lists(st.integers(5, 60), min_size=12, max_size=12),
    takes=st.lists(st.integers(1, 90), min_size=12, max_size=12),
    speakers=st.lists(st.sampled_from("AB"), min_size=12, max_size=12),
    mode=st.sampled_from(["voice-over", "full"]),
    force=st.booleans(),
)
def test_two_lines_of_one_speaker_never_overlap(
    starts: list[int],
    durations: list[int],
    takes: list[int],
    speakers: list[str],
    mode,
    force: bool,
) -> None:
    lines = [
        line(n + 1, start / 10, (start + durations[n]) / 10, speakers[n])
        for n, start in enumerate(starts)
    ]
    lengths = [seconds(take / 10) for take in takes[: len(lines)]]
    placed = place_lines(lines, lengths, mode=mode, lead=LEAD, force=force)
    for speaker in "AB":
        own = [p for p, of in zip(placed, lines, strict=True) if of.speaker == speaker and p.in_mix]
        assert all(one.end <= other.start for one, other in pairwise(own))
    assert all(1 <= p.ratio <= (FORCED if force else HARDEST) for p in placed)


@pytest.mark.parametrize("ratio", [1.03, 1.1, 1.15, 1.4])
def test_a_stretched_line_has_exactly_the_length_asked_for_and_its_events_in_place(
    ratio: float,
) -> None:
    take = np.zeros(RATE * 2, np.float32)
    burst = np.random.default_rng(0).normal(0, 0.3, 480).astype(np.float32)
    for at in (0.5, 1.0, 1.5):
        take[seconds(at) : seconds(at) + 480] = burst
    length = round(len(take) / ratio)
    out = stretched(take, Placement(1, "ok", 0, length, ratio))
    assert len(out) == length
    for at in (0.5, 1.0, 1.5):
        near = np.abs(out[seconds(at / ratio - 0.1) : seconds(at / ratio + 0.1)])
        assert abs(int((near > 0.05).argmax()) - seconds(0.1)) < seconds(0.02)


def test_no_edge_of_a_line_clicks() -> None:
    line_ = with_soft_edges(np.full(RATE, 0.2, np.float32))
    assert abs(line_[0]) < 1e-4
    assert abs(line_[-1]) < 1e-4
    assert line_[RATE // 2] == np.float32(0.2)
