"""What users of other dubbing tools complain about (dubbing.md, section 2), each as the thing that must not be."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from tests.dub.films import film, noise, place_of, read_sound, voice
from workflow.dub.deliver import open_film
from workflow.dub.film import dub_film
from workflow.dub.fit import HARDEST, place_lines, stretched
from workflow.dub.loudness import short_loudness
from workflow.dub.mix import STYLES, PlacedSound, voice_over_bed
from workflow.dub.script import DubLine
from workflow.dub.sound import RATE, Samples
from workflow.timebase import FLICKS_PER_SECOND as SECOND

TEXT = "Adam söwdasy ynsan hukuklarynyň agyr bozulmasydyr"


def line(number: int, start: float, end: float, speaker: str = "") -> DubLine:
    times = round(start * SECOND), round(end * SECOND)
    return DubLine(number, (f"c{number}",), speaker, TEXT, *times)


def test_desync_every_line_lies_where_the_rule_says_and_the_film_keeps_its_length(
    tmp_path: Path,
) -> None:
    """pyvideotrans 224, 292, 474, 729: the picture is the clock, whatever had to be hurried before."""
    source = film(tmp_path / "film.mkv", 12, sound=noise(12, 0.001))
    lines = [line(1, 0.5, 2), line(2, 3.5, 5), line(3, 8, 10)]
    takes = [voice(2.6, seed=1), voice(1.2, seed=2), voice(1.4, seed=3)]  # the first must hurry
    stems = tmp_path / "stems"
    dubbed = dub_film(open_film(source), lines, takes, tmp_path / "out.wav", stems=stems)
    dialogue = read_sound(stems / "dialogue.wav")[:, 0]
    assert dubbed.placements[0].ratio > 1
    for take, placed in list(zip(takes, dubbed.placements, strict=True))[1:]:
        assert place_of(take, dialogue) == placed.start
    assert len(dialogue) == len(read_sound(tmp_path / "out.wav")) == 12 * RATE


@pytest.mark.parametrize("length", [2.0, 4.7, 6.0, 12.0, 40.0])
def test_too_fast_no_line_is_hurried_by_more_than_15_per_cent(length: float) -> None:
    """SoniTranslate 19 (ten times as fast), pyvideotrans 62."""
    (placed,) = place_lines([line(1, 0, 4)], [round(length * RATE)], mode="voice-over", lead=0)
    assert 1 <= placed.ratio <= HARDEST == 1.15
    if length > 5.75:
        assert placed.status == "too_long"


def test_too_fast_beside_normal_lines_of_one_speaker_in_a_scene_are_hurried_alike() -> None:
    """pyvideotrans 62: sped-up lines sound odd beside others."""
    lengths = [round(4.7 * RATE), RATE * 2]
    lines = [line(1, 0, 4, "A"), line(2, 4.5, 8, "A")]
    one, other = place_lines(lines, lengths, mode="voice-over", lead=0)
    assert one.ratio == other.ratio > 1


def test_too_slow_a_short_line_is_not_stretched_to_fill_its_time() -> None:
    """SoniTranslate 89, WeeaBlind 35."""
    take = voice(1)
    (placed,) = place_lines([line(1, 10, 20)], [len(take)], mode="voice-over", lead=0)
    assert placed.length == len(take)
    assert np.array_equal(stretched(take, placed), take)


def test_overlapping_voices_two_lines_of_one_speaker_never_sound_at_once() -> None:
    """Auto-Synced-Translated-Dubs 63, videodubber 1, SubtitleEdit 9588."""
    lines = [line(n, 2 * n, 2 * n + 1.5, "A") for n in range(1, 9)]
    lengths: list[int | None] = [round(s * RATE) for s in (1, 4, 1.9, 2.2, 9, 1, 2.05, 3)]
    heard = [p for p in place_lines(lines, lengths, mode="voice-over", lead=0) if p.in_mix]
    assert all(a.end <= b.start for a, b in pairwise(heard))


@pytest.mark.parametrize("takes", [[None], [voice(1)]])
def test_dead_air_the_original_is_heard_from_the_first_sample_to_the_last(
    tmp_path: Path, takes: list[Samples | None]
) -> None:
    """pyvideotrans 703, SubtitleEdit 14220, SoniTranslate 130."""
    source = film(tmp_path / "film.mkv", 6, sound=noise(6))
    dub_film(open_film(source), [line(1, 2, 4)], takes, tmp_path / "out.wav")
    mix = read_sound(tmp_path / "out.wav").reshape(-1, RATE // 10, 2)
    levels = 20 * np.log10(np.sqrt((mix**2).mean((1, 2))))
    assert levels.min() > levels.max() - 25  # ducked by 15 under the line, and the line above


def test_quieter_with_a_background_the_voice_stands_as_far_above_it_as_without() -> None:
    """pyvideotrans 899."""
    for level in (0.01, 0.1):
        bed = noise(4, level)
        (said,) = voice_over_bed([PlacedSound(RATE, voice(2, 0.02))], bed, STYLES["un"])
        above = short_loudness(said.samples) - short_loudness(bed[:, 0]) - STYLES["un"].depth
        assert 7.9 <= above <= 12.1


def test_united_nations_style_the_original_is_heard_alone_first() -> None:
    """Auto-Synced-Translated-Dubs 8."""
    lead = round(STYLES["un"].lead * RATE)
    (placed,) = place_lines([line(1, 10, 16)], [3 * RATE], mode="voice-over", lead=lead)
    assert placed.start == 10 * RATE + lead


def test_speed_of_every_line_is_told_with_the_syllables_to_cut() -> None:
    """SubtitleEdit 8329."""
    (placed,) = place_lines([line(1, 0, 4)], [6 * RATE], mode="voice-over", lead=0)
    assert (placed.status, placed.cut) == ("too_long", 2)
