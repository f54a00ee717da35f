from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.timebase import (
    FLICKS_PER_SECOND,
    STANDARD_RATES,
    FrameGrid,
    clock,
    decimal_seconds,
    from_ms,
    from_ticks,
    parse_rate,
    to_ms,
)

RATES = st.sampled_from(STANDARD_RATES)
FRAMES = st.integers(0, 2_000_000)


@given(rate=RATES, frame=FRAMES)
def test_every_frame_comes_back_from_its_own_time(rate: Fraction, frame: int) -> None:
    grid = FrameGrid(rate)
    assert grid.frame_at(grid.time_of(frame)) == frame
    assert grid.first_frame_at(grid.time_of(frame)) == frame


@given(rate=RATES, frame=FRAMES)
def test_a_frame_of_a_standard_rate_is_a_whole_number_of_flicks(rate: Fraction, frame: int) -> None:
    assert frame * FLICKS_PER_SECOND / rate == FrameGrid(rate).time_of(frame)


@given(rate=RATES, time=st.integers(0, 86_400 * FLICKS_PER_SECOND))
def test_a_time_lies_within_the_frame_that_is_on_screen(rate: Fraction, time: int) -> None:
    grid = FrameGrid(rate)
    frame = grid.frame_at(time)
    assert grid.time_of(frame) <= time < grid.time_of(frame + 1)


@given(
    rate=st.fractions(Fraction(1), Fraction(130), max_denominator=10_000),
    frame=st.integers(0, 500_000),
)
def test_an_odd_rate_still_finds_its_frames(rate: Fraction, frame: int) -> None:
    grid = FrameGrid(rate)
    assert grid.frame_at(grid.time_of(frame)) == frame


@given(ms=st.integers(0, 100 * 3_600_000))
def test_milliseconds_are_exact(ms: int) -> None:
    assert to_ms(from_ms(ms)) == ms


@given(rate=RATES, frame=FRAMES)
def test_a_cue_written_in_milliseconds_still_starts_on_its_frame(
    rate: Fraction, frame: int
) -> None:
    """Rounded down it lies up to 1 ms early, within the frame before; never after its own frame."""
    grid = FrameGrid(rate)
    assert grid.first_frame_at(from_ms(to_ms(grid.time_of(frame)))) == frame


def test_rounding_to_nearest_would_start_cues_late_at_23_976() -> None:
    grid = FrameGrid(Fraction(24000, 1001))
    late = sum(
        grid.first_frame_at(from_ms(round(Fraction(grid.time_of(f), 705_600)))) != f
        for f in range(1000)
    )
    assert 400 < late < 600


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("25", Fraction(25)),
        ("23.976", Fraction(24000, 1001)),
        ("29.97", Fraction(30000, 1001)),
        ("30000/1001", Fraction(30000, 1001)),
        ("59.94", Fraction(60000, 1001)),
        ("12.5", Fraction(25, 2)),
    ],
)
def test_a_rate_as_people_write_it_is_the_exact_one(text: str, rate: Fraction) -> None:
    assert parse_rate(text) == rate


@pytest.mark.parametrize("text", ["", "0", "-25", "25/0", "fast", "1e3"])
def test_what_is_not_a_rate_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a frame rate"):
        parse_rate(text)


def test_times_as_people_read_them() -> None:
    assert clock(from_ms(3_723_456)) == "01:02:03.456"
    assert clock(-from_ms(1500)) == "-00:00:01.500"
    assert FrameGrid(Fraction(25)).timecode(from_ms(3_723_480)) == "01:02:03:12"
    assert decimal_seconds(from_ms(12_345)) == "12.345000"
    assert decimal_seconds(-from_ms(40)) == "-0.040000"
    assert from_ticks(1001, Fraction(1, 24000)) == FrameGrid(Fraction(24000, 1001)).time_of(1)
