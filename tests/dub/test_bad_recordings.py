"""Issue 7, bad input: a coded answer, or a take that is used and a finding that says what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.dub.films import ffmpeg, film, noise, voice
from workflow.dub.locate import Evidence, LocatedLine, Take
from workflow.dub.sound import RATE, Recording, WavWriter, decoded, read_recording, write_wav
from workflow.dub.takes import cut_takes, read_takes
from workflow.errors import BadInput

NOTHING = Evidence(0, 0, 0, 0, 0, 0, 0, 0)


def refusal(path: Path) -> BadInput:
    with pytest.raises(BadInput) as refused:
        read_recording(path)
    return refused.value


def codes(path: Path) -> list[str]:
    return [finding.code for finding in read_recording(path).findings]


def test_34_a_silent_recording_is_refused(tmp_path: Path) -> None:
    silent = tmp_path / "silent.wav"
    write_wav(silent, np.zeros(RATE, np.float32))
    assert refusal(silent).code == "SILENT"


def test_34_a_clipped_recording_is_used_and_said_to_be_clipped(tmp_path: Path) -> None:
    loud = tmp_path / "loud.wav"
    write_wav(loud, voice(1, 2.0))
    assert codes(loud) == ["CLIPPED"]


def test_34_sound_in_one_channel_is_used_at_its_own_level(tmp_path: Path) -> None:
    sided = tmp_path / "sided.wav"
    said = voice(1)
    write_wav(sided, np.stack([np.zeros_like(said), said], axis=1))
    recording = read_recording(sided)
    assert [finding.code for finding in recording.findings] == ["ONE_CHANNEL"]
    assert np.allclose(recording.samples, said, atol=1e-6)


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 44_100, 96_000, 192_000])
def test_34_any_sample_rate_keeps_its_length_and_a_narrow_one_is_said_to_be(
    tmp_path: Path, rate: int
) -> None:
    file = tmp_path / "rate.wav"
    wave = np.sin(2 * np.pi * 440 * np.arange(rate) / rate).astype(np.float32) * np.float32(0.5)
    write_wav(file, wave, rate)
    recording = read_recording(file)
    assert abs(len(recording.samples) - RATE) <= RATE // 1000
    assert codes(file) == (["NARROW_BAND"] if rate < 16_000 else [])


def test_34_floats_beyond_full_scale_and_5_1_are_read(tmp_path: Path) -> None:
    source, six = tmp_path / "a.wav", tmp_path / "six.wav"
    write_wav(source, voice(1))
    ffmpeg("-i", source, "-af", "volume=20dB,pan=5.1|c2=c0", "-c:a", "pcm_f32le", six)
    assert "CLIPPED" in codes(six)


def test_31_a_film_is_a_recording_and_a_film_without_sound_is_refused(tmp_path: Path) -> None:
    assert len(read_recording(film(tmp_path / "a.mp4", 2, sound=noise(2))).samples) >= 2 * RATE
    assert refusal(film(tmp_path / "b.mp4", 1)).code == "NO_SOUND"


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("empty.wav", b"", "EMPTY"),
        ("words.wav", b"hello, this is no sound" * 10, "NOT_A_VIDEO_CONTAINER"),
        ("list.wav", b"#EXTM3U\n#EXTINF:1,\n/etc/passwd\n", "NOT_A_VIDEO_CONTAINER"),
    ],
)
def test_01_what_is_no_sound_is_refused_by_its_bytes(
    tmp_path: Path, name: str, data: bytes, code: str
) -> None:
    file = tmp_path / name
    file.write_bytes(data)
    assert refusal(file).code == code


def test_15_a_recording_cut_off_in_the_middle_is_read_to_there(tmp_path: Path) -> None:
    whole = tmp_path / "whole.wav"
    write_wav(whole, voice(2))
    cut = tmp_path / "cut.wav"
    cut.write_bytes(whole.read_bytes()[: RATE * 3])
    assert 0 < len(read_recording(cut).samples) <= RATE * 2


def test_a_wav_of_ours_comes_back_to_the_last_bit_and_beyond_4_gib_is_rf64(tmp_path: Path) -> None:
    file = tmp_path / "a.wav"
    sound = noise(0.5)
    write_wav(file, sound)
    back = np.concatenate(list(decoded(file)))
    assert np.abs(back - sound).max() <= 1 / (1 << 23)
    with WavWriter(tmp_path / "big.wav", 2) as out:
        out.write(sound)
        out.frames = 1 << 30  # as if so many had been written
    assert (tmp_path / "big.wav").read_bytes()[:4] == b"RF64"


def test_takes_are_read_by_the_number_of_their_line_and_the_highest_take_wins(
    tmp_path: Path,
) -> None:
    padded = np.concatenate([np.zeros(RATE, np.float32), voice(1, 0.1), np.zeros(RATE, np.float32)])
    for name in ("1.wav", "line-003.wav", "003_take2.wav", "notes.txt"):
        if name.endswith("wav"):
            write_wav(tmp_path / name, padded * np.float32(2 if "take2" in name else 1))
        else:
            (tmp_path / name).write_text("x")
    found = read_takes(tmp_path, 4)
    assert [take is not None for take in found.takes] == [True, False, True, False]
    first, third = found.takes[0], found.takes[2]
    assert first is not None
    assert third is not None
    assert 1.0 <= len(first) / RATE <= 1.1  # silence around it is cut off
    assert np.abs(third).max() > 1.5 * np.abs(first).max()


def test_takes_of_no_line_and_folders_without_takes_are_refused(tmp_path: Path) -> None:
    for names, code in (
        ([], "NO_TAKES"),
        (["9.wav"], "TAKE_UNKNOWN"),
        (["gap.wav"], "TAKE_UNKNOWN"),
    ):
        folder = tmp_path / "-".join(["takes", *names])
        folder.mkdir()
        for name in names:
            write_wav(folder / name, voice(0.2))
        with pytest.raises(BadInput) as refused:
            read_takes(folder, 4)
        assert refused.value.code == code
    with pytest.raises(BadInput):
        read_takes(tmp_path / "nowhere", 4)


def test_a_doubtful_take_stays_out_until_someone_has_listened_to_it() -> None:
    recording = Recording(voice(5), RATE)

    def located(confidence: float, *flags: str) -> LocatedLine:
        return LocatedLine((Take(1.0, 2.0, confidence, flags, NOTHING),), 0)

    lines = [located(0.95), located(0.6), located(0.95, "same_text"), LocatedLine((), None)]
    assert [take is not None for take in cut_takes(recording, lines).takes] == [
        True,
        False,
        False,
        False,
    ]
    unheard = cut_takes(recording, lines, accept=0.5).takes
    assert [take is not None for take in unheard] == [True, True, True, False]


def test_a_cut_take_keeps_a_breath_around_it_but_not_the_next_take() -> None:
    recording = Recording(voice(5), RATE)
    lines = [
        LocatedLine((Take(1.0, 2.0, 1.0, (), NOTHING),), 0),
        LocatedLine((Take(2.05, 3.0, 1.0, (), NOTHING),), 0),
    ]
    first, second = (take for take in cut_takes(recording, lines).takes)
    assert first is not None
    assert second is not None
    assert len(first) == round(1.05 * RATE)  # 10 ms before, 40 after
    assert len(second) == round(1.04 * RATE)
