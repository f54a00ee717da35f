"""`make demo` ends in the film that it promises."""

from __future__ import annotations

import itertools
from pathlib import Path

import av
import numpy as np
import pysrt
import pytest

pytestmark = pytest.mark.system

SUBTITLE_AREA = 0.72  # of the height, downwards


def frames_at(film: Path, seconds: list[float]) -> list[np.ndarray]:
    """Luma planes of the frames on screen at *seconds* (ascending)."""
    found = []
    with av.open(str(film)) as container:
        wanted = iter(seconds)
        target = next(wanted, None)
        for frame in container.decode(video=0):
            while target is not None and frame.time is not None and frame.time >= target - 1e-6:
                plane = frame.to_ndarray(format="gray")
                found.append(plane.astype(np.int16))
                target = next(wanted, None)
            if target is None:
                break
    return found


def sound_of(film: Path) -> np.ndarray:
    with av.open(str(film)) as container:
        return np.concatenate([f.to_ndarray() for f in container.decode(audio=0)], axis=1)


def test_the_25_turkmen_lines_stand_within_100_ms_of_the_english(demo, samples) -> None:
    english = pysrt.open(str(samples / "rights.en.srt"))
    turkmen = pysrt.open(str(demo.subtitles), encoding="utf-8")
    assert len(turkmen) == len(english) == 25
    starts = [abs(t.start.ordinal - e.start.ordinal) for t, e in zip(turkmen, english, strict=True)]
    ends = [abs(t.end.ordinal - e.end.ordinal) for t, e in zip(turkmen, english, strict=True)]
    assert max(starts) <= 100, starts
    assert max(ends) <= 100, ends


def test_frames_inside_cues_show_text_and_frames_outside_do_not(demo, samples) -> None:
    cues = pysrt.open(str(demo.subtitles), encoding="utf-8")
    spans = [(cue.start.ordinal / 1000, cue.end.ordinal / 1000) for cue in cues]
    inside = [(start + end) / 2 for start, end in spans[:20]]
    gaps = [(a[1], b[0]) for a, b in itertools.pairwise(spans) if b[0] - a[1] > 0.4]
    outside = [(start + end) / 2 for start, end in gaps[:12]]
    assert len(outside) >= 5
    source = samples / "rights.mp4"

    def share_changed(times: list[float]) -> list[float]:
        before, after = frames_at(source, times), frames_at(demo.final, times)
        bottom = int(before[0].shape[0] * SUBTITLE_AREA)
        return [
            float((np.abs(a[bottom:] - b[bottom:]) > 60).mean())
            for a, b in zip(before, after, strict=True)
        ]

    assert min(share_changed(inside)) > 0.01
    assert max(share_changed(outside)) < 0.0005


def test_the_sound_is_the_source_s_own_sample_for_sample(demo, samples) -> None:
    before, after = sound_of(samples / "rights.mp4"), sound_of(demo.final)
    assert after.shape == before.shape
    assert np.array_equal(before, after)


def test_each_step_is_told_and_the_last_line_is_the_film(demo) -> None:
    lines = demo.output.strip().splitlines()
    assert lines[-1] == str(demo.final)
    for number in range(1, 7):
        assert any(line.startswith(f"  {number}  ") for line in lines)
