"""What alignment answers to tracks and references that it can do little with: a result or a named refusal, soon."""

from __future__ import annotations

import numpy as np
import pytest

from tests.align.pairs import cues_at, narrated, times_of, translated
from workflow.align import Speech, align, align_to_speech, align_to_subtitles
from workflow.align.speech import HOP
from workflow.errors import BadInput
from workflow.timebase import FLICKS_PER_SECOND
from workflow.tracks.cues import Cue

HOUR = 3600 * FLICKS_PER_SECOND


def silent(seconds: int) -> Speech:
    hops = seconds * FLICKS_PER_SECOND // HOP
    return Speech(np.full(hops, 0.01, np.float32), seconds * FLICKS_PER_SECOND)


def test_no_cues_or_no_reference_cues_give_an_unrelated_result() -> None:
    some = cues_at(narrated(np.random.default_rng(0), 20))
    assert align_to_subtitles([], some).cues == ()
    nothing = align_to_subtitles(some, [])
    assert not nothing.related
    assert [(c.start, c.end) for c in nothing.cues] == [(c.start, c.end) for c in some]


def test_one_cue_keeps_its_time_and_is_trusted_by_nobody() -> None:
    reference = cues_at(narrated(np.random.default_rng(0), 50))
    found = align_to_subtitles([reference[7]], reference)
    assert not found.related
    assert (found.cues[0].start, found.cues[0].confidence) == (reference[7].start, 0)


def test_10000_cues_are_aligned_with_all_of_them_kept() -> None:
    rng = np.random.default_rng(1)
    source = narrated(rng, 10_000)
    truth = translated(rng, source)[:10_000]
    found = align_to_subtitles(cues_at(truth - 31), cues_at(source))
    off = np.abs(np.array([c.start for c in found.cues]) / FLICKS_PER_SECOND - truth[:, 0])
    assert len(found.cues) == len(truth)
    assert (off <= 0.1).mean() > 0.99


def test_10000_cues_at_one_time_stay_and_are_unrelated() -> None:
    crowd = [Cue(f"c{i}", HOUR, HOUR + FLICKS_PER_SECOND, "x") for i in range(10_000)]
    found = align_to_subtitles(crowd, cues_at(narrated(np.random.default_rng(0), 50)))
    assert not found.related
    assert {(c.start, c.end) for c in found.cues} == {(HOUR, HOUR + FLICKS_PER_SECOND)}


def test_cues_all_at_one_time_in_the_reference_say_nothing() -> None:
    crowd = [Cue(f"c{i}", HOUR, HOUR + FLICKS_PER_SECOND, "x") for i in range(500)]
    assert not align_to_subtitles(cues_at(narrated(np.random.default_rng(0), 50)), crowd).related


def test_a_file_in_reverse_is_aligned_and_keeps_its_own_order_of_uids() -> None:
    rng = np.random.default_rng(2)
    source = narrated(rng, 120)
    truth = translated(rng, source)
    cues = cues_at(truth + 9)[::-1]
    found = align_to_subtitles(cues, cues_at(source))
    assert [c.uid for c in found.cues] == [c.uid for c in cues]
    off = np.abs(np.array([c.start for c in found.cues])[::-1] / FLICKS_PER_SECOND - truth[:, 0])
    assert (off <= 0.1).mean() >= 0.97


def test_times_past_24_hours_come_back_into_the_film() -> None:
    rng = np.random.default_rng(3)
    source = narrated(rng, 120)
    truth = translated(rng, source)
    film = round(float(source[-1, 1]) + 5) * FLICKS_PER_SECOND
    late = [Cue(c.uid, c.start + 25 * HOUR, c.end + 25 * HOUR, "x") for c in cues_at(truth)]
    found = align_to_subtitles(late, cues_at(source), film_duration=film)
    off = np.abs(np.array([c.start for c in found.cues]) / FLICKS_PER_SECOND - truth[:, 0])
    assert (off <= 0.1).mean() >= 0.97
    assert all(0 <= c.start < c.end <= film for c in found.cues)
    # both past a day, as in a broadcast's timecode, is nothing special
    day = [Cue(c.uid, c.start + 25 * HOUR, c.end + 25 * HOUR, "x") for c in cues_at(source)]
    assert align_to_subtitles(late, day).related


def test_more_cues_than_a_film_has_frames_are_refused() -> None:
    from fractions import Fraction

    from workflow.timebase import FrameGrid

    cues = [
        Cue(f"c{i}", i * FLICKS_PER_SECOND, (i + 1) * FLICKS_PER_SECOND, "x") for i in range(900)
    ]
    with pytest.raises(BadInput, match="FILM_TOO_SHORT"):
        align_to_subtitles(
            cues, cues[:50], grid=FrameGrid(Fraction(24)), film_duration=10 * FLICKS_PER_SECOND
        )


def test_a_film_without_speech_is_refused() -> None:
    cues = cues_at(narrated(np.random.default_rng(0), 30))
    with pytest.raises(BadInput, match="NO_SPEECH"):
        align_to_speech(cues, silent(300))


def test_a_silent_film_with_a_reference_is_aligned_to_the_reference() -> None:
    rng = np.random.default_rng(4)
    source = narrated(rng, 80)
    found = align(cues_at(translated(rng, source) + 4), cues_at(source), silent(400))
    assert (found.method, found.related) == ("subtitles", True)


def test_nothing_to_align_to_is_refused() -> None:
    with pytest.raises(BadInput, match="NO_REFERENCE"):
        align(cues_at(np.array([[1.0, 2.0]])))


def test_overlaps_that_a_translator_meant_are_kept() -> None:
    rng = np.random.default_rng(5)
    source = narrated(rng, 80)
    times = translated(rng, source)
    times[40] = times[39] + [0.5, 0.2]  # a second voice
    found = align_to_subtitles(cues_at(times - 3), cues_at(source))
    new = times_of([Cue(c.uid, c.start, c.end, "x") for c in found.cues])
    assert abs(new[40, 0] - times[40, 0]) < 0.1
    assert new[40, 0] < new[39, 1]
