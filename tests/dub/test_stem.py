"""M&E stems as they come: short, long, silent, clipped, mono, 5.1, of another rate, and no sound at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.dub.films import Samples, ffmpeg, film, noise, read_sound, voice
from workflow.dub.deliver import open_film
from workflow.dub.film import dub_film
from workflow.dub.loudness import measure_file
from workflow.dub.script import DubLine
from workflow.dub.sound import RATE, write_wav
from workflow.dub.stem import examine_stem
from workflow.errors import BadInput
from workflow.timebase import FLICKS_PER_SECOND as SECOND

LENGTH = 2 * RATE
CLIPPING = np.clip(noise(2, 0.8), -1, 1)


def stem(path: Path, sound: Samples, rate: int = RATE) -> Path:
    write_wav(path, sound, rate)
    return path


def one_sided() -> Samples:
    sound = noise(2)
    sound[:, 1] = 0
    return sound


@pytest.mark.parametrize(
    ("sound", "rate", "code"),
    [
        (noise(1.8), RATE, "STEM_SHORTER"),
        (noise(2.3), RATE, "STEM_LONGER"),
        (CLIPPING, RATE, "CLIPPED"),
        (voice(2), RATE, "STEM_MONO"),
        (noise(2)[: 2 * 44_100], 44_100, "OTHER_RATE"),
        (one_sided(), RATE, "ONE_CHANNEL"),
        (np.repeat(voice(2)[:, None], 6, axis=1), RATE, "MIXED_DOWN"),
        (noise(2), RATE, ""),
    ],
)
def test_a_flawed_stem_is_used_and_its_flaw_told(
    tmp_path: Path, sound: Samples, rate: int, code: str
) -> None:
    found = examine_stem(stem(tmp_path / "me.wav", sound, rate), LENGTH)
    assert [finding.code for finding in found] == ([code] if code else [])


def test_what_cannot_be_a_stem_is_refused_by_name(tmp_path: Path) -> None:
    text = tmp_path / "notes.wav"
    text.write_text("M&E: to follow")
    cases = {
        "STEM_LENGTH": stem(tmp_path / "short.wav", noise(1)),
        "SILENT": stem(tmp_path / "silent.wav", np.zeros((LENGTH, 2), np.float32)),
        "NO_SOUND": film(tmp_path / "picture.mp4", 2),
        "NO_STREAMS": text,
    }
    for code, file in cases.items():
        with pytest.raises(BadInput) as refused:
            examine_stem(file, LENGTH)
        assert refused.value.code == code, file


def test_a_full_dub_on_a_mono_stem_of_another_rate_is_as_loud_as_asked_and_without_the_original(
    tmp_path: Path,
) -> None:
    original, music = noise(6, 0.05, seed=5), voice(6, 0.05, seed=6)
    source = film(tmp_path / "film.mkv", 6, sound=original)
    me = tmp_path / "me.wav"
    ffmpeg("-i", stem(tmp_path / "whole.wav", music), "-ar", "44100", me)
    out, stems = tmp_path / "out.mkv", tmp_path / "stems"
    line = DubLine(1, ("c1",), "", "Biz olary goramaly", SECOND, 3 * SECOND)
    dubbed = dub_film(
        open_film(source), [line], [voice(1.5)], out, mode="full", stem=me, stems=stems
    )
    assert {"OTHER_RATE", "STEM_MONO"} <= {finding.code for finding in dubbed.findings}
    measured = measure_file(out)
    assert measured.lufs == pytest.approx(-23, abs=0.1)
    assert measured.true_peak_db <= -1
    heard = read_sound(out)[:, 0]
    bed = read_sound(stems / "bed.wav")
    for sound, there in ((original[:, 0], 0.0), (music, 1.0)):
        for mix in (heard[4 * RATE :], bed[:, 0][4 * RATE :]):
            alike = np.corrcoef(sound[4 * RATE :], mix)[0, 1]
            assert alike == pytest.approx(there, abs=0.07)


def test_the_front_channels_of_a_surround_stem_keep_their_level(tmp_path: Path) -> None:
    sound = np.zeros((LENGTH, 6), np.float32)
    sound[:, :2] = noise(2, 0.05)
    heard = read_sound(stem(tmp_path / "me.wav", sound))
    assert np.std(heard) == pytest.approx(0.05, rel=0.02)
