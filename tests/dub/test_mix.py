"""The mix: to the sample, ducked by the envelope, loud as asked for on the written and decoded file."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from tests.dub.films import film, noise, place_of, read_sound, voice
from workflow.dub.deliver import deliver, film_sound, open_film
from workflow.dub.film import dub_film
from workflow.dub.loudness import measure_file, short_loudness
from workflow.dub.mix import (
    BLOCK,
    STYLES,
    TARGETS,
    Mix,
    PlacedSound,
    Target,
    ducking,
    levelled,
    master,
    voice_over_bed,
    write_stems,
)
from workflow.dub.script import DubLine
from workflow.dub.sound import RATE, write_wav
from workflow.errors import BadInput
from workflow.timebase import FLICKS_PER_SECOND as SECOND

UN = STYLES["un"]


def dub_line(number: int, start: float, end: float, speaker: str = "") -> DubLine:
    return DubLine(
        number,
        (f"c{number}",),
        speaker,
        "Biz olary goramaly",
        round(start * SECOND),
        round(end * SECOND),
    )


def test_impulses_come_back_at_their_own_samples_also_at_the_edges_of_blocks(
    tmp_path: Path,
) -> None:
    length = BLOCK * 2 + RATE
    impulse = np.zeros(4801, np.float32)
    impulse[2400] = 0.5
    places = [
        0,
        1,
        BLOCK - 2401,
        BLOCK - 2400,
        BLOCK - 2399,
        BLOCK,
        2 * BLOCK - 1,
        2 * BLOCK,
        length - 4801,
    ]
    mix = Mix(np.zeros((length, 2), np.float32), [PlacedSound(p, impulse) for p in places], UN)
    out = tmp_path / "mix.wav"
    master(mix, out, Target(-50.0, -1.0))
    write_stems(mix, tmp_path, 0.0)
    for file in (out, tmp_path / "dialogue.wav"):
        sound = read_sound(file)[:, 0]
        assert len(sound) == length
        found = np.flatnonzero(np.abs(sound) > np.abs(sound).max() * 0.4)
        assert found.tolist() == sorted({p + 2400 for p in places})
    assert len(read_sound(tmp_path / "bed.wav")) == length


def test_the_original_is_exactly_15_db_lower_under_every_line_and_untouched_elsewhere() -> None:
    spans = [(2 * RATE, 4 * RATE), (round(4.5 * RATE), 6 * RATE)]
    gain = ducking(spans, UN, 0, 8 * RATE)
    level = 20 * np.log10(gain)
    assert np.allclose(level[2 * RATE : 6 * RATE], -15.0, atol=1e-3)  # in the short gap too
    assert np.all(gain[: int(1.75 * RATE)] == 1)
    assert np.all(gain[int(6.6 * RATE) + 2 :] == 1)
    assert np.abs(np.diff(level)).max() < 0.002


def test_the_envelope_is_the_same_whatever_block_it_is_asked_for_in() -> None:
    spans = [(2 * RATE, 4 * RATE), (7 * RATE, 8 * RATE)]
    whole = ducking(spans, UN, 0, 10 * RATE)
    pieces = [ducking(spans, UN, n, n + 12_345) for n in range(0, 10 * RATE - 12_345, 12_345)]
    joined = np.concatenate(pieces)
    assert np.allclose(whole[: len(joined)], joined, atol=1e-6)


def test_without_lines_the_mix_is_the_original_times_one_gain(tmp_path: Path) -> None:
    bed = noise(3)
    out = tmp_path / "mix.wav"
    report = master(Mix(bed, [], UN), out, TARGETS["ebu-r128"])
    gain = 10 ** (report.gain_db / 20)
    assert np.abs(read_sound(out) - bed * np.float32(gain)).max() < 2 / (1 << 23)


@pytest.mark.parametrize("target", list(TARGETS))
def test_loudness_and_peak_are_met_on_the_written_file_with_bursts_of_noise(
    tmp_path: Path, target: str
) -> None:
    bed = noise(6, 0.02)
    bed[2 * RATE : 2 * RATE + 5000] = np.sign(noise(1, 1.0)[:5000])
    mix = Mix(bed, [PlacedSound(3 * RATE, voice(2))], UN)
    out = tmp_path / "mix.wav"
    report = master(mix, out, TARGETS[target])
    measured = measure_file(out)
    assert report.lufs == pytest.approx(TARGETS[target].lufs, abs=0.1)
    assert measured.true_peak_db <= TARGETS[target].true_peak_db
    if TARGETS[target].gate == "programme":
        assert measured.lufs == pytest.approx(TARGETS[target].lufs, abs=0.1)


def test_a_dubbed_film_meets_loudness_and_peak_after_aac_and_keeps_picture_and_original(
    tmp_path: Path,
) -> None:
    original = noise(4, 0.05)
    source = film(tmp_path / "film.mp4", sound=original)
    opened = open_film(source)
    bed = film_sound(opened, tmp_path)
    burst = np.sign(voice(1)).astype(np.float32) * np.float32(0.9)
    mix = Mix(bed, [PlacedSound(RATE, burst), PlacedSound(round(2.5 * RATE), voice(1))], UN)
    out = tmp_path / "out.mp4"
    target = TARGETS["streaming"]
    deliver(mix, opened, out, target)
    measured = measure_file(out)
    assert measured.lufs == pytest.approx(target.lufs, abs=0.1)
    assert measured.true_peak_db <= target.true_peak_db
    with av.open(str(out)) as dubbed, av.open(str(source)) as before:
        languages = [stream.language for stream in dubbed.streams.audio]
        assert languages == ["tuk", "eng"]
        assert dubbed.streams.audio[0].disposition & av.stream.Disposition.default
        for kind, ours, theirs in (("video", 0, 0), ("audio", 1, 0)):
            packets = [
                [bytes(p) for p in media.demux(getattr(media.streams, kind)[index]) if p.size]
                for media, index in ((dubbed, ours), (before, theirs))
            ]
            assert packets[0] == packets[1]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
@pytest.mark.parametrize("delay", [0.0, 0.5, -0.25])
def test_the_picture_is_the_clock_also_where_the_sound_begins_late_or_early(
    tmp_path: Path, suffix: str, delay: float
) -> None:
    """Desync, the first complaint about every dubbing tool: a line lies on its sample of the picture's time."""
    mark = voice(0.5, 0.3, seed=7)
    source = film(tmp_path / f"film{suffix}", sound=noise(4, 0.001), delay=delay)
    opened = open_film(source)
    bed = film_sound(opened, tmp_path)
    assert len(bed) == opened.length == 4 * RATE
    out = tmp_path / f"out{suffix}"
    deliver(Mix(bed, [PlacedSound(2 * RATE, mark)], UN), opened, out, TARGETS["ebu-r128"])
    with av.open(str(out)) as media:
        first = min(p.pts * p.time_base for p in media.demux(video=0) if p.pts is not None)
    found = place_of(mark, read_sound(out)[:, 0])
    assert found - round(first * RATE) == pytest.approx(
        2 * RATE, abs=0 if suffix == ".mp4" else RATE // 1000
    )


def test_a_missing_take_leaves_the_original_at_its_own_level(tmp_path: Path) -> None:
    source = film(tmp_path / "film.mkv", 8, sound=noise(8))
    opened = open_film(source)
    lines = [dub_line(1, 0.5, 2), dub_line(2, 5, 7)]
    stems = tmp_path / "stems"
    dubbed = dub_film(opened, lines, [voice(1.2), None], tmp_path / "out.wav", stems=stems)
    assert [p.status for p in dubbed.placements] == ["ok", "missing"]
    assert "LINES_MISSING" in [finding.code for finding in dubbed.findings]
    gain = 10 ** (dubbed.delivered.mix.gain_db / 20)
    bed, original = read_sound(stems / "bed.wav"), read_sound(source) * np.float32(gain)
    assert np.allclose(bed[4 * RATE :], original[4 * RATE :], atol=1e-5)
    first = dubbed.placements[0]
    under = slice(first.start, first.end)
    lowered = 20 * np.log10(np.std(bed[under]) / np.std(original[under]))
    assert lowered == pytest.approx(-15, abs=0.1)
    assert sorted(p.name for p in stems.rglob("*.*")) == [
        "001.wav", "bed.wav", "cue-sheet.csv", "dialogue.wav", "mix.wav",
    ]  # fmt: skip


def test_the_dub_is_not_quieter_because_there_is_a_background() -> None:
    loud, soft = noise(4, 0.1), noise(4, 0.01)
    line = PlacedSound(RATE, voice(2, 0.02))
    over_loud, over_soft = (
        short_loudness(voice_over_bed([line], bed, UN)[0].samples) for bed in (loud, soft)
    )
    for bed, voiced in ((loud, over_loud), (soft, over_soft)):
        original = short_loudness(bed[:, 0])
        assert 7.9 <= voiced - (original + UN.depth) <= 12.1
    assert over_loud > over_soft + 15


def test_lines_of_one_speaker_are_levelled_by_gain_of_6_db_at_most() -> None:
    lines = [PlacedSound(0, voice(1, level)) for level in (0.1, 0.1, 0.05, 0.01)]
    loudness = [short_loudness(line.samples) for line in levelled(lines)]
    before = [short_loudness(line.samples) for line in lines]
    assert loudness[0] - loudness[2] < (before[0] - before[2]) / 2
    assert loudness[3] - before[3] == pytest.approx(6, abs=0.01)


def test_a_full_dub_lies_on_the_stem_and_its_empty_stretches_get_room_tone(tmp_path: Path) -> None:
    """No dead air: where the M&E is digitally silent, the room of the original goes on."""
    room = noise(8, 0.002)
    source = film(tmp_path / "film.mkv", 8, sound=room)
    stem = noise(8, 0.05)
    stem[4 * RATE :] = 0
    me = tmp_path / "me.wav"

    write_wav(me, stem)
    stems = tmp_path / "stems"
    dubbed = dub_film(
        open_film(source), [dub_line(1, 1, 3)], [voice(1.5)], tmp_path / "out.wav",
        mode="full", stem=me, stems=stems,
    )  # fmt: skip
    gain = np.float32(10 ** (dubbed.delivered.mix.gain_db / 20))
    bed = read_sound(stems / "bed.wav") / gain
    assert np.allclose(bed[: 3 * RATE], stem[: 3 * RATE], atol=1e-4)
    quiet = bed[5 * RATE : 7 * RATE].reshape(-1, RATE // 10, 2)
    levels = 20 * np.log10(np.sqrt((quiet**2).mean((1, 2))))
    assert np.ptp(levels) < 3.5
    assert abs(levels.mean() - 20 * np.log10(0.002)) < 2


def test_a_full_dub_without_a_stem_or_with_one_of_another_length_is_refused(tmp_path: Path) -> None:
    opened = open_film(film(tmp_path / "film.mkv", 2, sound=noise(2)))
    line, take = [dub_line(1, 0.2, 1)], [voice(0.5)]

    short = tmp_path / "short.wav"
    write_wav(short, noise(1))
    for stem, code in ((None, "STEM_MISSING"), (short, "STEM_LENGTH")):
        with pytest.raises(BadInput) as refused:
            dub_film(opened, line, take, tmp_path / "out.wav", mode="full", stem=stem)
        assert refused.value.code == code
    assert not (tmp_path / "out.wav").exists()


def test_a_film_without_sound_gets_a_dub_alone_and_says_so(tmp_path: Path) -> None:
    opened = open_film(film(tmp_path / "silent.mp4", 3))
    out = tmp_path / "out.mp4"
    dubbed = dub_film(opened, [dub_line(1, 0.5, 2)], [voice(1)], out)
    assert "NO_ORIGINAL_SOUND" in [finding.code for finding in dubbed.findings]
    assert dubbed.delivered.file.lufs == pytest.approx(-23, abs=0.1)
    with av.open(str(out)) as media:
        assert len(media.streams.audio) == 1


def test_a_line_after_the_films_end_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    opened = open_film(film(tmp_path / "film.mp4", 2, sound=noise(2)))
    with pytest.raises(BadInput) as refused:
        dub_film(opened, [dub_line(1, 1.5, 4)], [voice(2)], tmp_path / "out.mp4")
    assert (refused.value.code, refused.value.where) == ("LINE_OUTSIDE_FILM", "line 1")
    assert [p.name for p in tmp_path.glob("*out*")] == []


def test_two_speakers_at_once_are_a_finding_and_both_are_heard(tmp_path: Path) -> None:
    opened = open_film(film(tmp_path / "film.mkv", 4, sound=noise(4)))
    lines = [dub_line(1, 0.5, 3, "A"), dub_line(2, 1, 3, "B")]
    dubbed = dub_film(opened, lines, [voice(1.5), voice(1.5, seed=3)], tmp_path / "out.wav")
    assert "SPEAKERS_OVERLAP" in [finding.code for finding in dubbed.findings]
    assert all(p.in_mix for p in dubbed.placements)


def test_an_output_of_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    opened = open_film(film(tmp_path / "film.mp4", 2, sound=noise(2)))
    with pytest.raises(BadInput) as refused:
        dub_film(opened, [dub_line(1, 0.2, 1)], [voice(0.5)], tmp_path / "out.avi")
    assert refused.value.code == "OUTPUT_NAME"
