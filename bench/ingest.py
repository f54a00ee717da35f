"""What ingest costs, beside the encoding of its mezzanine alone: same film, same settings, same run.

    python bench/ingest.py [--seconds 40] [--rounds 1] [--out FILE]

The film is the sample's picture as 1920x1080 (smooth, so the mezzanine is cheap and all else weighs more),
and the same with film grain. "All" is the whole of ingest: examining, mezzanine, both proxies with sound,
FLAC, wave, shot changes, poster, thumbnails, checks and hashes. A third film is fit already and is copied.
CPU seconds are user and system of this process and all that it started; ratios hold better than seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from workflow.media.ffmpeg import find_ffmpeg, run_ffmpeg
from workflow.media.ingest import ingest, mezzanine_arguments, plan_mezzanine
from workflow.media.probe import examine

ROOT = Path(__file__).parents[1]
GOAL = 1.25
LARGE = "scale=1920:-2:flags=lanczos,crop=1920:1080"
FILMS = {
    "smooth 1080p": (LARGE, "250"),
    "grainy 1080p": (f"{LARGE},noise=alls=3:allf=t", "250"),
    "fit 1080p": (LARGE, "48"),
}


def main() -> None:
    arguments = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    arguments.add_argument("--seconds", type=float, default=40)
    arguments.add_argument("--rounds", type=int, default=1)
    arguments.add_argument("--out", type=Path, default=ROOT / "bench" / "results" / "ingest.json")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = [
            row(name, film(Path(folder), name, given.seconds), Path(folder), given.rounds)
            for name in FILMS
        ]
    result = {
        "command": f"python bench/ingest.py --seconds {given.seconds:g} --rounds {given.rounds}",
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "goal": f"all of ingest at most {GOAL} x the CPU of the mezzanine alone",
        "films": rows,
    }
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(result, indent=2) + "\n")


def film(folder: Path, name: str, seconds: float) -> Path:
    picture, gop = FILMS[name]
    path = folder / f"{name}.mp4"
    command = [find_ffmpeg(), "-v", "error", "-i", str(ROOT / "samples" / "rights.mp4")]
    command += ["-t", str(seconds), "-vf", picture, "-c:v", "libx264", "-preset", "veryfast"]
    command += ["-crf", "20", "-g", gop, "-c:a", "copy", str(path)]
    subprocess.run(command, check=True)
    return path


def row(name: str, source: Path, folder: Path, rounds: int) -> dict[str, Any]:
    examined = examine(source)
    picture = examined.picture
    assert picture is not None
    plan = plan_mezzanine(picture, examined.sound)
    out = folder / "out"

    def alone() -> None:
        run_ffmpeg(mezzanine_arguments(source, "mp4", picture, plan, out / "mezzanine.mp4"))

    made: dict[str, Any] = {}

    def whole() -> None:
        made["ingest"] = ingest(source, out)

    measured: dict[str, list[tuple[float, float]]] = {"alone": [], "all": []}
    for _ in range(rounds):
        for what, work in (("alone", alone), ("all", whole)):
            shutil.rmtree(out, ignore_errors=True)
            out.mkdir()
            measured[what].append(cost(work))
    alone_cpu, all_cpu = (min(cpu for cpu, _ in measured[what]) for what in ("alone", "all"))
    result = {
        "film": name,
        "frames": plan.frames,
        "mezzanine_alone_cpu_s": round(alone_cpu, 1),
        "all_cpu_s": round(all_cpu, 1),
        "all_wall_s": round(min(wall for _, wall in measured["all"]), 1),
        "ratio": round(all_cpu / alone_cpu, 3),
        "copied": any(change.code == "TAKEN_AS_IS" for change in made["ingest"].changes),
        "met": all_cpu <= GOAL * alone_cpu,
    }
    print(result, flush=True)
    return result


def cost(work: Callable[[], None]) -> tuple[float, float]:
    """CPU and wall seconds."""
    before, began = _cpu(), time.monotonic()
    work()
    return _cpu() - before, time.monotonic() - began


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


if __name__ == "__main__":
    main()
