"""A mix that remembers its blocks is the mix that it would have been."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from workflow.dub.blocks import (
    Blocks,
    Notes,
    SoundFile,
    Spoken,
    balanced,
    master_blocks,
    mix_of,
    write_blocks,
)
from workflow.dub.loudness import measure_file
from workflow.dub.mix import BLOCK, STYLES, TARGETS
from workflow.dub.sound import RATE, Samples, decoded, write_wav

LENGTH = 5 * BLOCK + 12_345


class Kept(dict[str, bytes]):
    """Blocks in memory."""

    def look_up(self, keys: Sequence[str]) -> None:
        pass

    def has(self, key: str) -> bool:
        return key in self

    def put(self, key: str, block: bytes) -> None:
        self[key] = block


def noise(seconds: float, seed: int, level: float = 0.1) -> Samples:
    made = np.random.default_rng(seed).normal(0, level, round(seconds * RATE))
    return np.clip(made, -1, 1).astype(np.float32)


BED = np.stack([noise(LENGTH / RATE, 1), noise(LENGTH / RATE, 2)], axis=1)


def line(seconds: float, seed: int, level: float = 0.1) -> Spoken:
    sound = noise(2, seed, level)
    return Spoken(round(seconds * RATE), len(sound), "", f"take {seed}", lambda: sound)


def mixed(lines: list[Spoken], store: Kept, notes: Notes) -> Blocks:
    style = STYLES["un"]
    ready = balanced(lines, BED, "bed", style, notes)
    mix = mix_of(BED, ready, style, None)
    return master_blocks(mix, ready, "bed", TARGETS["ebu-r128"], store, notes)


LINES = [line(at, round(at)) for at in range(2, 100, 4)]


def test_one_changed_line_is_the_only_one_that_is_mixed_again(tmp_path: Path) -> None:
    store, notes = Kept(), Notes()
    first = mixed(LINES, store, notes)
    assert first.made == len(first.keys) == 6
    assert mixed(LINES, store, Notes(notes.to_json())).made == 0
    changed = [*LINES[:12], line(50, 777), *LINES[13:]]
    again = mixed(changed, store, Notes(notes.to_json()))
    afresh = mixed(changed, Kept(), Notes())
    assert again.keys == afresh.keys
    assert again.made == 1
    assert again.name != first.name


def test_blocks_join_to_a_mix_at_its_loudness(tmp_path: Path) -> None:
    store, out = Kept(), tmp_path / "mix.wav"
    blocks = mixed(LINES, store, Notes())
    write_blocks(blocks, store, out)
    measured = measure_file(out)
    assert abs(measured.lufs + 23.0) <= 0.1
    assert abs(blocks.report.lufs - measured.lufs) <= 0.1
    assert measured.true_peak_db <= -1.0
    assert sum(map(len, decoded(out))) == LENGTH


def test_a_stored_sound_is_sought_to_the_sample(tmp_path: Path) -> None:
    file = tmp_path / "bed.wav"
    write_wav(file, BED[: 30 * RATE])
    sound = SoundFile(file, 40 * RATE, "wav")
    for first, last in ((0, 10), (RATE * 20, RATE * 20 + 7), (5, 100_000), (RATE * 29, RATE * 31)):
        wanted = np.zeros((last - first, 2), np.float32)
        there = BED[first : min(last, 30 * RATE)]
        wanted[: len(there)] = there
        assert np.abs(sound[first:last] - wanted).max() < 1e-6
    sound.close()


def test_gains_that_were_only_tried_leave_no_blocks_behind(tmp_path: Path) -> None:
    store, notes, loud = Kept(), Notes(), TARGETS["streaming"]
    bed = BED[: 2 * BLOCK].copy()
    bed[:: RATE * 4, 0] = 1.0
    bed[RATE * 8 : RATE * 9] *= 7
    lines = [line(at, at, 0.3) for at in (2, 12, 22, 32)]
    mix = mix_of(bed, lines, STYLES["un"], None)
    told: list[int] = []
    blocks = master_blocks(
        mix, lines, "bed", loud, store, notes, work=tmp_path, watch=lambda n, _: told.append(n)
    )
    assert told == sorted(told)
    assert blocks.report.limited_blocks
    assert blocks.report.passes > 3
    assert sorted(store) == sorted(blocks.keys)
    out = tmp_path / "mix.wav"
    write_blocks(blocks, store, out)
    measured = measure_file(out)
    assert abs(blocks.report.lufs - loud.lufs) <= 0.05
    assert abs(measured.lufs - loud.lufs) <= 0.1
    assert measured.true_peak_db <= loud.true_peak_db
    assert [file.name for file in tmp_path.iterdir()] == ["mix.wav"]
