"""Listening to a film and aligning to what is said in it: the sample's narration, its times known exactly."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import numpy as np
import pytest

from workflow.align import Speech, align, align_to_speech, detect_speech
from workflow.align.speech import (
    HOP,
    HOP_SAMPLES,
    RUN_UP_HOPS,
    SHORTEST_STRETCH_HOPS,
    _Model,
    model_path,
)
from workflow.align.to_speech import voiced_spans
from workflow.errors import BadInput
from workflow.timebase import FLICKS_PER_MS, FLICKS_PER_SECOND
from workflow.tracks.cues import Cue
from workflow.tracks.formats import read_subtitles

SAMPLES = Path(__file__).parents[2] / "samples"


def sample(name: str) -> list[Cue]:
    number = count(1)
    data = (SAMPLES / name).read_bytes()
    return list(read_subtitles(data, uid=lambda: f"{name}-{next(number)}").cues)


@pytest.fixture(scope="module")
def heard() -> Speech:
    return detect_speech(SAMPLES / "rights.mp4")


def test_the_sample_lands_on_its_speech_within_40_ms(heard: Speech) -> None:
    found = align_to_speech(sample("rights.tk.unaligned.srt"), heard)
    assert (found.related, found.method, len(found.segments)) == (True, "speech", 2)
    for cue, true in zip(found.cues, sample("rights.en.srt"), strict=True):
        assert abs(cue.start - true.start) <= 40 * FLICKS_PER_MS
        assert abs(cue.end - true.end) <= 40 * FLICKS_PER_MS


def test_speech_and_subtitles_vouch_for_one_another(heard: Speech) -> None:
    english = sample("rights.en.srt")
    found = align(sample("rights.tk.unaligned.srt"), english, heard)
    assert (found.related, found.method) == (True, "both")
    assert [c.start for c in found.cues] == [c.start for c in english]


def test_a_foreign_subtitle_file_does_not_spoil_what_the_speech_tells(heard: Speech) -> None:
    foreign = [
        Cue(
            f"f{i}",
            round(i * 3.7 * FLICKS_PER_SECOND),
            round((i * 3.7 + 2) * FLICKS_PER_SECOND),
            "x",
        )
        for i in range(30)
    ]
    found = align(sample("rights.tk.unaligned.srt"), foreign, heard)
    assert (found.related, found.method) == (True, "speech")


def test_every_line_of_the_narration_is_heard_where_it_begins(heard: Speech) -> None:
    starts = voiced_spans(heard.probabilities)[:, 0]
    off = [np.abs(starts - c.start / FLICKS_PER_SECOND).min() for c in sample("rights.en.srt")]
    assert np.median(off) < 0.01
    assert max(off) < 0.1  # the first line, before the model has heard anything


def test_stored_speech_comes_back_and_anything_else_is_refused(heard: Speech) -> None:
    stored = heard.to_bytes()
    back = Speech.from_bytes(stored)
    assert len(stored) < 1.1 * heard.duration / HOP + 100
    assert back.duration == heard.duration
    assert np.abs(back.probabilities - heard.probabilities).max() < 0.003
    for wrong in (b"", b"TSP1", stored[:-1], b"X" + stored[1:]):
        with pytest.raises(BadInput, match="SPEECH_FORMAT"):
            Speech.from_bytes(wrong)


def test_stretches_heard_side_by_side_hear_what_one_long_run_hears() -> None:
    rng = np.random.default_rng(0)
    hops = 2 * SHORTEST_STRETCH_HOPS
    loud = np.repeat(rng.random(hops // 25) < 0.5, 25 * HOP_SAMPLES)
    sound = (rng.normal(0, 0.1, len(loud)) * loud).astype(np.float32)
    model = _Model()
    half = len(sound) // 2
    whole = model.listen(sound, 0)
    second = model.listen(sound[half - RUN_UP_HOPS * HOP_SAMPLES :], RUN_UP_HOPS)
    assert len(whole) == hops
    assert np.abs(whole[hops // 2 :] - second).mean() < 0.01


def test_the_model_is_where_doctor_looks_for_it() -> None:
    assert model_path().name == "silero_vad.onnx"


def test_a_file_that_is_no_sound_is_refused(tmp_path: Path) -> None:
    text = tmp_path / "x.wav"
    text.write_text("not a sound")
    with pytest.raises(BadInput, match="UNREADABLE"):
        detect_speech(text)


def test_a_playlist_opens_no_other_file(tmp_path: Path) -> None:
    playlist = tmp_path / "x.m3u8"
    playlist.write_text(f"#EXTM3U\n#EXTINF:10,\nfile://{SAMPLES / 'rights.mp4'}\n#EXT-X-ENDLIST\n")
    with pytest.raises(BadInput, match="UNREADABLE"):
        detect_speech(playlist)
