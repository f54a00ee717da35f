"""Alignment to another subtitle file: the sample, and damage of every kind made by a seed."""

from __future__ import annotations

from fractions import Fraction
from itertools import count, pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.align.pairs import Floats, cues_at, cut, narrated, times_of, translated
from workflow.align import NO_COUNTERPART, Alignment, align_to_subtitles
from workflow.timebase import FLICKS_PER_MS, FLICKS_PER_SECOND, FrameGrid
from workflow.tracks.cues import Cue
from workflow.tracks.formats import read_subtitles

SAMPLES = Path(__file__).parents[2] / "samples"
FILM = FrameGrid(Fraction(24))


def sample(name: str) -> list[Cue]:
    number = count(1)
    data = (SAMPLES / name).read_bytes()
    return list(read_subtitles(data, uid=lambda: f"{name}-{next(number)}").cues)


def errors(found: Alignment, truth: Floats) -> Floats:
    """Seconds by which each in-time is off."""
    return np.abs(np.array([c.start for c in found.cues]) / FLICKS_PER_SECOND - truth[:, 0])


def pair(seed: int, count: int = 160) -> tuple[np.random.Generator, list[Cue], Floats]:
    rng = np.random.default_rng(seed)
    source = narrated(rng, count)
    return rng, cues_at(source), translated(rng, source)


def test_the_sample_lands_on_the_english_track_to_the_millisecond() -> None:
    english = sample("rights.en.srt")
    found = align_to_subtitles(sample("rights.tk.unaligned.srt"), english)
    assert found.related
    assert [(c.start, c.end) for c in found.cues] == [(c.start, c.end) for c in english]
    assert [(s.first_cue, s.last_cue, s.rate) for s in found.segments] == [
        (0, 13, Fraction(25, 24)),
        (14, 24, Fraction(25, 24)),
    ]
    assert found.after.on_time == 1


def test_the_sample_ends_on_frames_of_the_film_when_its_grid_is_known() -> None:
    english = sample("rights.en.srt")
    found = align_to_subtitles(sample("rights.tk.unaligned.srt"), english, grid=FILM)
    for cue, true in zip(found.cues, english, strict=True):
        assert FILM.snap(cue.start) == cue.start
        assert FILM.snap(cue.end) == cue.end
        assert abs(cue.start - true.start) <= FILM.time_of(1) // 2 + 1


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    "rate", [Fraction(1), Fraction(25, 24), Fraction(24, 25), Fraction(1001, 960)]
)
def test_offset_and_rate_are_undone_to_ten_milliseconds(seed: int, rate: Fraction) -> None:
    rng, reference, truth = pair(seed)
    damaged = truth / float(rate) + rng.uniform(-40, 40)
    found = align_to_subtitles(cues_at(damaged), reference)
    assert found.related
    assert {s.rate for s in found.segments} == {rate}
    assert np.median(errors(found, truth)) <= 0.01
    assert (errors(found, truth) <= 0.1).mean() >= 0.97


@pytest.mark.parametrize("offset", [-1790.0, 1790.0])
def test_half_an_hour_of_offset_is_undone(offset: float) -> None:
    _, reference, truth = pair(5)
    found = align_to_subtitles(cues_at(truth + offset), reference)
    assert (errors(found, truth) <= 0.1).all()


@pytest.mark.parametrize(("seed", "rate"), [(0, 0.894), (1, 1.0137), (2, 1.0931), (3, 1.117)])
def test_a_rate_that_no_standard_knows_is_found(seed: int, rate: float) -> None:
    _, reference, truth = pair(seed)
    found = align_to_subtitles(cues_at(truth / rate), reference)
    assert (errors(found, truth) <= 0.05).mean() >= 0.97


@pytest.mark.parametrize("seed", range(3))
def test_one_cut_is_found_to_the_cue(seed: int) -> None:
    rng, reference, truth = pair(seed)
    at, seconds = int(rng.integers(30, 120)), float(rng.uniform(2, 30))
    found = align_to_subtitles(cues_at(cut(truth, at, seconds)), reference)
    assert (errors(found, truth) <= 0.1).mean() >= 0.97
    assert len(found.segments) == 2


@pytest.mark.parametrize("seed", range(3))
def test_three_cuts_and_insertions_with_a_rate_are_found(seed: int) -> None:
    rng, reference, truth = pair(seed, 240)
    damaged = truth * 24 / 25
    for at in (50, 110, 180):
        damaged = cut(damaged, at, float(rng.uniform(1, 25) * rng.choice([-1, 1])))
    found = align_to_subtitles(cues_at(damaged), reference)
    assert np.median(errors(found, truth)) <= 0.01
    assert (errors(found, truth) <= 0.1).mean() >= 0.95


def test_cues_that_a_cut_left_among_one_another_go_back_to_their_own_side() -> None:
    _, reference, truth = pair(11)
    damaged = cues_at(cut(truth, 70, 18.0) + 30)
    by_time = sorted(damaged, key=lambda c: c.start)
    assert [c.uid for c in by_time] != [c.uid for c in damaged]
    found = align_to_subtitles(by_time, reference)
    assert [c.uid for c in found.cues] == [c.uid for c in by_time]
    start = {c.uid: c.start / FLICKS_PER_SECOND for c in found.cues}
    off = np.array([abs(start[f"u{i}"] - true) for i, true in enumerate(truth[:, 0])])
    assert (off <= 0.1).mean() >= 0.97


def test_a_missing_head_does_not_matter() -> None:
    _, reference, truth = pair(3)
    kept = truth[24:]
    found = align_to_subtitles(cues_at(kept - 70), reference)
    assert np.median(errors(found, kept)) <= 0.01
    assert (errors(found, kept) <= 0.1).all()


@pytest.mark.parametrize("seed", range(2))
def test_a_hand_that_jitters_is_steadied(seed: int) -> None:
    rng, reference, truth = pair(seed, 240)
    damaged = truth + rng.normal(0, 0.12, (len(truth), 1)) - 12
    found = align_to_subtitles(cues_at(damaged), reference)
    assert (errors(found, truth) <= 0.1).mean() >= 0.75


def test_an_added_scene_is_marked_and_squeezed_in_between_its_neighbours() -> None:
    rng, reference, truth = pair(8)
    scene = truth[79, 1] + 1 + narrated(rng, 12)
    length = scene[-1, 1] + 1 - truth[79, 1]
    damaged = np.concatenate([truth[:80], scene, truth[80:] + length])
    found = align_to_subtitles(cues_at(damaged), reference, grid=FILM)
    kept = [c for i, c in enumerate(found.cues) if not 80 <= i < 92]
    off = np.abs(np.array([c.start for c in kept]) / FLICKS_PER_SECOND - truth[:, 0])
    assert (off <= 0.1).mean() >= 0.97
    assert sum(c.mark == NO_COUNTERPART for c in found.cues[80:92]) >= 9
    assert all(c.confidence < 0.9 for c in found.cues[80:92] if c.mark == NO_COUNTERPART)
    assert all(a.start < b.start for a, b in pairwise(found.cues))


def test_aligning_an_aligned_track_changes_nothing() -> None:
    for seed, damage in ((0, 0.0), (1, 0.12)):
        rng, reference, truth = pair(seed)
        damaged = cut(truth, 60, 9.0) * 24 / 25 + rng.normal(0, damage, (len(truth), 1)) + 5
        once = align_to_subtitles(cues_at(damaged), reference, grid=FILM)
        again = [Cue(c.uid, c.start, c.end, "x") for c in once.cues]
        twice = align_to_subtitles(again, reference, grid=FILM)
        assert [(c.start, c.end) for c in twice.cues] == [(c.start, c.end) for c in once.cues]


def test_a_reference_of_another_film_is_said_not_to_belong() -> None:
    for seed in range(4):
        _, _, truth = pair(seed)
        _, foreign, _ = pair(seed + 100, 190)
        found = align_to_subtitles(cues_at(truth), foreign)
        assert not found.related
        assert all(c.confidence <= 0.2 for c in found.cues)


def test_a_shot_change_two_frames_away_takes_an_in_time_that_met_nothing() -> None:
    reference = cues_at(np.array([[i * 4.0, i * 4 + 2.5] for i in range(30)]))
    moved = times_of(reference)
    moved[10, 0] += 0.4
    shot = FILM.snap(round((moved[10, 0] + 0.06) * FLICKS_PER_SECOND))
    cues = cues_at(moved + 7)
    found = align_to_subtitles(cues, reference, grid=FILM, shots=[shot])
    assert found.cues[10].start == shot
    assert found.cues[11].start == reference[11].start


times = st.tuples(st.integers(0, 400_000), st.integers(-50, 6_000))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example(track=[(0, 41), (0, 0), (0, 0)], reference=[(0, 0)], rate=None)
@given(
    track=st.lists(times, min_size=1, max_size=60),
    reference=st.lists(times, min_size=1, max_size=60),
    rate=st.sampled_from([None, Fraction(24000, 1001), Fraction(24), Fraction(25)]),
)
def test_whatever_comes_in_every_cue_comes_out_once_on_frames_and_inside_the_film(
    track: list[tuple[int, int]], reference: list[tuple[int, int]], rate: Fraction | None
) -> None:
    cues = [
        Cue(f"c{i}", s * FLICKS_PER_MS, (s + d) * FLICKS_PER_MS, "x")
        for i, (s, d) in enumerate(track)
    ]
    known = [
        Cue("r", s * FLICKS_PER_MS, (s + max(1, d)) * FLICKS_PER_MS, "x") for s, d in reference
    ]
    grid = FrameGrid(rate) if rate else None
    film = 420 * FLICKS_PER_SECOND
    found = align_to_subtitles(cues, known, grid=grid, film_duration=film)
    assert [c.uid for c in found.cues] == [c.uid for c in cues]
    for cue in found.cues:
        assert 0 <= cue.start < cue.end <= film
        assert 0 <= cue.confidence <= 1
        if grid:
            assert grid.snap(cue.start) == cue.start
            assert grid.snap(cue.end) == cue.end


@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    rate=st.sampled_from([1.0, 24 / 25, 25 / 24, 1.001]),
    cuts=st.lists(st.tuples(st.integers(5, 75), st.floats(-20, 20)), max_size=3),
    hand=st.sampled_from([0.0, 0.12]),
)
def test_any_damage_of_the_family_leaves_cues_in_order_and_their_gaps_kept(
    seed: int, rate: float, cuts: list[tuple[int, float]], hand: float
) -> None:
    rng, reference, truth = pair(seed, 80)
    damaged = truth * rate + rng.normal(0, hand, (len(truth), 1)) + 25
    for at, seconds in cuts:
        damaged = cut(damaged, at, seconds)
    found = align_to_subtitles(cues_at(np.maximum(damaged, 0)), reference, grid=FILM)
    assert [c.uid for c in found.cues] == [f"u{i}" for i in range(len(truth))]
    assert all(c.start < c.end for c in found.cues)
    bounds = [s.first_cue for s in found.segments] + [len(found.cues)]
    for after, segment in zip(bounds[1:], found.segments, strict=True):
        if after < len(found.cues) and found.cues[after].segment == segment.last_cue + 1:
            assert found.cues[after].start - found.cues[after - 1].end >= FILM.time_of(2)


@pytest.mark.parametrize("gap", [0, 2, 6])
def test_pieces_that_are_pushed_together_keep_the_gap_that_is_asked_for(gap: int) -> None:
    rng = np.random.default_rng(11)
    source = narrated(rng, 60)
    damaged = translated(rng, source)
    damaged[30:] += 20.0
    found = align_to_subtitles(cues_at(damaged), cues_at(source), grid=FILM, gap_frames=gap)
    frames = [(FILM.frame_at(c.start), FILM.frame_at(c.end)) for c in found.cues]
    own = damaged[1:, 0] - damaged[:-1, 1]
    for (_, end), (start, _), left in zip(frames, frames[1:], own, strict=False):
        assert start - end >= min(gap, round(left * float(FILM.rate)))
