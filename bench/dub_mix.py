"""A film of an hour mixed cold, and again after one of its lines was recorded anew: `python -m bench dub_mix`."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import imageio_ffmpeg
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
from workflow.dub.loudness import measure_file
from workflow.dub.mix import STYLES, TARGETS
from workflow.dub.sound import RATE, Samples, WavWriter

MINUTES = int(sys.argv[1]) if len(sys.argv) > 1 else 60
GOAL_AGAIN_SECONDS = 3.0
GOAL_TIMES_REAL = 60


class Folder:
    """Blocks as files, as the house keeps them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir()

    def has(self, key: str) -> bool:
        return (self.path / key).exists()

    def get(self, key: str) -> bytes | None:
        return (self.path / key).read_bytes() if self.has(key) else None

    def put(self, key: str, block: bytes) -> None:
        (self.path / key).write_bytes(block)


def film_sound(folder: Path) -> Path:
    """FLAC with bursts that keep the limiter busy in every block, as ingest keeps a film's sound."""
    wav, flac = folder / "bed.wav", folder / "bed.flac"
    random = np.random.default_rng(0)
    with WavWriter(wav, 2) as out:
        for _ in range(MINUTES * 6):
            block = random.normal(0, 0.05, (RATE * 10, 2)).astype(np.float32)
            block[: RATE // 4] *= 18
            out.write(block)
    ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
    subprocess.run(
        [ffmpeg, "-v", "error", "-i", str(wav), "-sample_fmt", "s16", str(flac)], check=True
    )
    wav.unlink()
    return flac


def script(length: int) -> list[Spoken]:
    def said(seed: int) -> Callable[[], Samples]:
        return lambda: np.random.default_rng(seed).normal(0, 0.2, RATE * 3).astype(np.float32)

    starts = range(RATE * 2, length - RATE * 4, round(RATE * 5.3))
    return [Spoken(at, RATE * 3, "", f"take {n}", said(n)) for n, at in enumerate(starts)]


def mixed(
    flac: Path, length: int, lines: list[Spoken], store: Folder, notes: Notes, target: str
) -> Blocks:
    bed = SoundFile(flac, length, "flac")
    ready = balanced(lines, bed, "bed", STYLES["un"], notes)  # type: ignore[arg-type]
    mix = mix_of(bed, ready, STYLES["un"], None)
    blocks = master_blocks(mix, ready, "bed", TARGETS[target], store, notes)
    bed.close()
    return blocks


def timed(work: Callable[[], Blocks]) -> tuple[Blocks, float, float]:
    wall, own = time.perf_counter(), time.process_time()
    made = work()
    return made, time.perf_counter() - wall, time.process_time() - own


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        flac, length = film_sound(folder), MINUTES * 60 * RATE
        result: dict[str, Any] = {
            "minutes": MINUTES,
            "command": f"python bench/dub_mix.py {MINUTES}",
        }
        for target in ("ebu-r128", "streaming"):
            lines, store, notes = script(length), Folder(folder / target), Notes()
            cold, wall, own = timed(lambda: mixed(flac, length, lines, store, notes, target))  # noqa: B023
            changed = list(lines)
            middle = len(lines) // 2
            changed[middle] = Spoken(
                lines[middle].start, RATE * 3, "", "take anew", script(length)[1].load
            )
            later = Notes(json.loads(json.dumps(notes.to_json())))
            again, wall2, own2 = timed(lambda: mixed(flac, length, changed, store, later, target))  # noqa: B023
            out = folder / "mix.wav"
            began = time.perf_counter()
            write_blocks(again, store, out)
            written = time.perf_counter() - began
            measured = measure_file(out)
            out.unlink()
            result[target] = {
                "lines": len(lines),
                "blocks": len(cold.keys),
                "cold seconds": round(wall, 1),
                "cold CPU seconds": round(own, 1),
                "cold times real time, per core": round(MINUTES * 60 / own),
                "blocks limited": cold.report.limited_blocks,
                "one line changed: seconds": round(wall2, 2),
                "one line changed: CPU seconds": round(own2, 2),
                "one line changed: blocks mixed": again.made,
                "writing the whole as WAV: seconds": round(written, 1),
                "file LUFS": measured.lufs,
                "file dBTP": measured.true_peak_db,
                "met": own2 <= GOAL_AGAIN_SECONDS and MINUTES * 60 / own >= GOAL_TIMES_REAL,
            }
        result["MB at most"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(json.dumps(result, indent=1))
        (Path(__file__).parent / "results" / "dub_mix.json").write_text(
            json.dumps(result, indent=1) + "\n", encoding="utf-8"
        )


if __name__ == "__main__":
    main()
