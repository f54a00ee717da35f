"""A film of an hour mixed cold, and again after one of its lines was recorded anew, beside ffmpeg's filters.

    python -m bench dub_mix
    python bench/dub_mix.py [MINUTES]

The bed is FLAC as ingest keeps it, with bursts that keep the limiter busy in every block at -16 LUFS; every take
is a WAV file. The peer gets the same bed and all lines in one file, already in their places:
sidechaincompress, amix and loudnorm in one pass. Speeds are of CPU seconds, user and system together.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

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
from workflow.dub.loudness import Meter, decibels, measure_file, peaks
from workflow.dub.mix import BLOCK, STYLES, TARGETS
from workflow.dub.sound import RATE, Samples, WavWriter, decoded, write_wav
from workflow.media.ffmpeg import find_ffmpeg

MINUTES = int(sys.argv[1]) if len(sys.argv) > 1 else 60
LENGTH = MINUTES * 60 * RATE
STYLE = STYLES["un"]
EDGE = 64  # samples
VOICES = 40  # files that the takes are; each line counts as a take of its own
GOAL_TIMES_REAL, GOAL_AGAIN_SECONDS, GOAL_LU, GOAL_DUCKING_DB = 60, 3.0, 0.1, 0.1


class Folder:
    """Blocks as files, as the house keeps them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir()

    def look_up(self, keys: Sequence[str]) -> None:
        pass

    def has(self, key: str) -> bool:
        return (self.path / key).exists()

    def get(self, key: str) -> bytes | None:
        return (self.path / key).read_bytes() if self.has(key) else None

    def put(self, key: str, block: bytes) -> None:
        (self.path / key).write_bytes(block)


def film_sound(folder: Path) -> Path:
    wav, flac = folder / "bed.wav", folder / "bed.flac"
    random = np.random.default_rng(0)
    with WavWriter(wav, 2) as out:
        for _ in range(MINUTES * 6):
            block = random.normal(0, 0.05, (RATE * 10, 2)).astype(np.float32)
            block[: RATE // 4] *= 18
            out.write(block)
    ffmpeg("-i", wav, "-sample_fmt", "s16", flac)
    wav.unlink()
    return flac


def ffmpeg(*arguments: str | Path) -> None:
    subprocess.run([str(find_ffmpeg()), "-v", "error", *map(str, arguments)], check=True)


def script(folder: Path) -> list[Spoken]:
    random = np.random.default_rng(1)
    files = [folder / f"take-{n}.wav" for n in range(VOICES)]
    for file in files:
        write_wav(file, random.normal(0, 0.2, RATE * 3).astype(np.float32))

    def said(number: int) -> Callable[[], Samples]:
        return lambda: np.concatenate(list(decoded(files[number % VOICES], channels=1)))[:, 0]

    starts = range(RATE * 2, LENGTH - RATE * 4, round(RATE * 5.3))
    return [Spoken(at, RATE * 3, "", f"take {n}", said(n)) for n, at in enumerate(starts)]


def mixed(flac: Path, lines: list[Spoken], store: Folder, notes: Notes, target: str) -> Blocks:
    bed = SoundFile(flac, LENGTH, "flac")
    ready = balanced(lines, bed, "bed", STYLE, notes)  # type: ignore[arg-type]
    mix = mix_of(bed, ready, STYLE, None)
    blocks = master_blocks(mix, ready, "bed", TARGETS[target], store, notes, work=store.path.parent)
    bed.close()
    return blocks


def timed(work: Callable[[], Blocks]) -> tuple[Blocks, float, float]:
    wall, own = time.perf_counter(), time.process_time()
    made = work()
    return made, time.perf_counter() - wall, time.process_time() - own


def mix_and_change(flac: Path, lines: list[Spoken], target: str, folder: Path) -> dict[str, Any]:
    store, notes = Folder(folder / target), Notes()
    cold, wall, own = timed(lambda: mixed(flac, lines, store, notes, target))
    middle = len(lines) // 2
    anew = Spoken(lines[middle].start, RATE * 3, "", "take anew", lines[1].load)
    changed = [*lines[:middle], anew, *lines[middle + 1 :]]
    again = []
    for _ in range(5):  # each as if it were the first after the cold mix
        later = Notes(json.loads(json.dumps(notes.to_json())))
        for key in {path.name for path in store.path.iterdir()} - set(cold.keys):
            (store.path / key).unlink()
        again.append(timed(lambda: mixed(flac, changed, store, later, target)))  # noqa: B023
    walls, owns = (sorted(run[n] for run in again) for n in (1, 2))
    out = folder / "mix.wav"
    began = time.process_time()
    write_blocks(again[-1][0], store, out)
    written = time.process_time() - began
    meter, highest = Meter(), 0.0
    for some in by_ten_seconds(out):
        meter.add(some[EDGE:-EDGE])
        highest = max(highest, float(peaks(some, 0.3)[EDGE:-EDGE].max()))
    measured = measure_file(out)
    out.unlink()
    return {
        "lines": len(lines),
        "blocks": len(cold.keys),
        "blocks limited": cold.report.limited_blocks,
        "passes": cold.report.passes,
        "cold: seconds": round(wall, 1),
        "cold: CPU seconds": round(own, 1),
        "cold: times real time": round(MINUTES * 60 / own, 1),
        "one line changed: blocks mixed": again[-1][0].made,
        "one line changed: seconds, median and most of 5": [round(walls[2], 2), round(walls[4], 2)],
        "one line changed: CPU seconds, median and most of 5": [
            round(owns[2], 2),
            round(owns[4], 2),
        ],
        "written as WAV: CPU seconds": round(written, 1),
        "file: LUFS by our meter": round(meter.integrated(), 3),
        "file: LUFS, dBTP by ffmpeg": [measured.lufs, measured.true_peak_db],
        "file: dBTP by our meter": round(decibels(highest), 2),
    }


def by_ten_seconds(path: Path) -> Iterator[Samples]:
    """Stretches of a file, with some samples of the ones beside them: a true peak depends on those."""
    waiting = [np.zeros((EDGE, 2), np.float32)]
    for block in chain(decoded(path), [np.zeros((EDGE, 2), np.float32)]):
        waiting.append(block)
        if sum(map(len, waiting)) > 10 * RATE or len(block) == EDGE:
            some = np.concatenate(waiting)
            yield some
            waiting = [some[-2 * EDGE :]]


def filters(flac: Path, lines: list[Spoken], folder: Path) -> dict[str, Any]:
    """The same inputs through ffmpeg's graph."""
    dialogue, out = folder / "dialogue.wav", folder / "filters.wav"
    silent = np.broadcast_to(np.float32(0), (LENGTH, 2))
    mix = mix_of(silent, lines, None, None)
    with WavWriter(dialogue, 1) as file:
        for first, last in mix.blocks():
            file.write(mix.dialogue(first, last))
    target = TARGETS["streaming"]
    graph = (
        "[1:a]aformat=channel_layouts=stereo,asplit[key][said];"
        "[0:a][key]sidechaincompress=threshold=0.02:ratio=8:attack=150:release=450[low];"
        "[low][said]amix=inputs=2:normalize=0,"
        f"loudnorm=I={target.lufs}:TP={target.true_peak_db}:LRA=11"
    )
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    call = ["-i", flac, "-i", dialogue, "-filter_complex", graph]
    ffmpeg(*call, "-ar", str(RATE), "-c:a", "pcm_s24le", out)
    after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter() - began
    own = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    measured = measure_file(out)
    for file_ in (dialogue, out):
        file_.unlink()
    return {
        "seconds": round(wall, 1),
        "CPU seconds": round(own, 1),
        "times real time": round(MINUTES * 60 / own, 1),
        "LUFS, dBTP by ffmpeg": [measured.lufs, measured.true_peak_db],
    }


def exactness(folder: Path) -> tuple[int, float]:
    """Most samples that an impulse lies off its place, and dB that the bed is off its depth; on the decoded file."""
    length = BLOCK * 3 + 777
    bed = np.random.default_rng(2).normal(0, 0.001, (length, 2)).astype(np.float32)
    impulse, silent = np.zeros(4801, np.float32), np.zeros(RATE * 4, np.float32)
    impulse[2400] = 0.5
    edge = BLOCK - 2400
    places = [0, 12_000, RATE * 7 + 11, edge - 9602, edge - 1, 2 * BLOCK - 2400, length - 4801]
    quiet = [RATE * 11, BLOCK + RATE * 3, BLOCK * 2 - RATE * 9, BLOCK * 2 + RATE * 6]
    lines = [Spoken(at, len(impulse), "", f"impulse {at}", lambda: impulse) for at in places]
    lines += [Spoken(at, len(silent), "", f"silence {at}", lambda: silent) for at in quiet]
    lines.sort(key=lambda line: line.start)
    mix = mix_of(bed, lines, STYLE, None)
    store, out = Folder(folder / "exact"), folder / "exact.wav"
    blocks = master_blocks(mix, lines, "bed", TARGETS["ebu-r128"], store, Notes(), work=folder)
    write_blocks(blocks, store, out)
    heard = np.concatenate(list(decoded(out))) / np.float32(10 ** (blocks.report.gain_db / 20))
    found = np.flatnonzero(heard[:, 0] > heard.max() * 0.4)
    wanted = np.array(sorted(place + 2400 for place in places))
    off = int(np.abs(found - wanted).max()) if len(found) == len(wanted) else -1
    worst = 0.0
    for start in quiet:
        for first in range(start, start + len(silent), RATE // 10):
            under = slice(first, first + RATE // 10)
            depth = 20 * float(np.log10(np.std(heard[under]) / np.std(bed[under])))
            worst = max(worst, abs(depth - STYLE.depth))
    return off, round(worst, 5)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        flac, lines = film_sound(folder), script(folder)
        result: dict[str, Any] = {"minutes": MINUTES, "command": "python -m bench dub_mix"}
        for target in TARGETS:
            if target != "netflix":  # lower than ebu-r128 on this film: nothing to limit either
                result[target] = mix_and_change(flac, lines, target, folder)
        result["ffmpeg sidechaincompress, amix, loudnorm"] = filters(flac, lines, folder)
        off, ducking = exactness(folder)
    result["MB at most"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    rows: list[tuple[str, Any, str, bool]] = []
    peer = result["ffmpeg sidechaincompress, amix, loudnorm"]
    busy, idle = result["streaming"], result["ebu-r128"]
    beside = f"ffmpeg {peer['times real time']}"
    for words, one in (("busy", busy), ("idle", idle)):
        speed = one["cold: times real time"]
        rows.append((f"{MINUTES} min cold, limiter {words}, times real time of CPU",
            f"{speed}; {beside}", f"{GOAL_TIMES_REAL}", speed >= GOAL_TIMES_REAL))  # fmt: skip
    for words, one in (("busy", busy), ("idle", idle)):
        wall, own = (
            one[f"one line changed: {n}, median and most of 5"] for n in ("seconds", "CPU seconds")
        )
        rows.append((f"one line of {MINUTES} min changed, limiter {words}, seconds, CPU seconds",
            f"{wall[0]}, {own[0]}", f"{GOAL_AGAIN_SECONDS}", wall[0] <= GOAL_AGAIN_SECONDS))  # fmt: skip
    for target in ("streaming", "ebu-r128"):
        asked, one = TARGETS[target], result[target]
        error = abs(one["file: LUFS by our meter"] - asked.lufs)
        theirs, peak = one["file: LUFS, dBTP by ffmpeg"]
        highest = max(peak, one["file: dBTP by our meter"])
        said = f"; loudnorm {peer['LUFS, dBTP by ffmpeg']}" if target == "streaming" else ""
        rows.append((f"{target}, decoded file: LU off, dBTP", f"{error:.3f} (ffmpeg reads {theirs}), {highest}{said}",
            f"{GOAL_LU}, {asked.true_peak_db}",
            error <= GOAL_LU and abs(theirs - asked.lufs) <= GOAL_LU + 1e-9
            and highest <= asked.true_peak_db))  # fmt: skip
    rows.append(("placement, samples off, decoded file", off, "0", off == 0))
    rows.append(
        ("ducking, dB off, decoded file", ducking, f"{GOAL_DUCKING_DB}", ducking <= GOAL_DUCKING_DB)
    )
    result["table"] = [dict(zip(("what", "measured", "goal", "met"), r, strict=True)) for r in rows]
    (Path(__file__).parent / "results" / "dub_mix.json").write_text(
        json.dumps(result, indent=1) + "\n", encoding="utf-8"
    )
    for what, measured, goal, met in rows:
        print(f"{'met    ' if met else 'NOT MET'} {what}: {measured} (goal {goal})")


if __name__ == "__main__":
    main()
