"""How well and how fast tracks are aligned, beside ffsubsync on the same cases in the same run.

    python bench/align.py [--films 32] [--seed 1] [--out FILE] [--no-peer]

Films are imagined (tests/align/pairs.py): a narrator's lines and a translator who keeps 7 to 58 % of their boundaries
exactly, as measured on real pairs; then each film is damaged in every way. To speech, the sample films are used.
Every case is one whole process of each tool; CPU seconds are user and system of that process, and on a
busy machine the ratios hold better than the seconds. A case can be made again from the seed printed with it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import resource
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.align.pairs import Floats, cut, narrated, translated  # noqa: E402

PEER = "ffsubsync==0.5.1"
PEER_ENV = ROOT / "build" / "bench-env"
RATES = (25 / 23.976, 23.976 / 25, 25 / 24, 24 / 25, 24 / 23.976, 23.976 / 24, 1.001, 0.999)
# Share of boundaries kept exactly, at these parts of 24 real pairs
EXACT_AT, EXACT = (0, 0.05, 0.25, 0.5, 0.75, 1), (0.07, 0.25, 0.38, 0.45, 0.5, 0.58)

Damage = Callable[[Floats, np.random.Generator], Floats]


def offset(times: Floats, rng: np.random.Generator) -> Floats:
    return times + rng.uniform(-45, 45)


def rate(times: Floats, rng: np.random.Generator) -> Floats:
    return offset(times * rng.choice(RATES), rng)


def free_rate(times: Floats, rng: np.random.Generator) -> Floats:
    return offset(times * rng.uniform(0.9, 1.11), rng)


def cuts(times: Floats, rng: np.random.Generator, count: int) -> Floats:
    """Drawn again while they lay more than four cues upon one another: no importer takes that."""
    while True:
        damaged = times
        for _ in range(count):
            at = int(rng.integers(len(times) // 10, len(times) * 9 // 10))
            damaged = cut(damaged, at, float(rng.choice([-1, 1]) * rng.uniform(1, 30)))
        on_screen = [int(((damaged[:, 0] < e) & (damaged[:, 1] > s)).sum()) for s, e in damaged]
        if max(on_screen) <= 4:
            return damaged


DAMAGES: dict[str, Damage] = {
    "offset": offset,
    "rate and offset": rate,
    "free rate": free_rate,
    "one cut": lambda t, r: offset(cuts(t, r, 1), r),
    "three cuts": lambda t, r: offset(cuts(t, r, 3), r),
    "rate and two cuts": lambda t, r: rate(cuts(t, r, 2), r),
    "three cuts and jitter": lambda t, r: offset(cuts(t, r, 3) + r.normal(0, 0.12, (len(t), 1)), r),
    "head missing": offset,
}
SPEECH_DAMAGES = ("offset", "rate and offset", "one cut", "two cuts")
DAMAGES_TO_SPEECH: dict[str, Damage] = DAMAGES | {"two cuts": lambda t, r: offset(cuts(t, r, 2), r)}


@dataclass
class Tally:
    """What one tool did with one kind of damage."""

    median: list[float] = field(default_factory=list)
    errors: list[Floats] = field(default_factory=list)
    kept: list[bool] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)

    def add(
        self, truth: dict[str, float], found: dict[str, float], cpu: float, wall: float
    ) -> None:
        """A cue that is gone counts as an error of a minute."""
        off = np.array([abs(found.get(text, start + 60) - start) for text, start in truth.items()])
        self.median.append(float(np.median(off)))
        self.errors.append(off)
        self.kept.append(set(found) == set(truth))
        self.cpu.append(cpu)
        self.wall.append(wall)

    def summary(self) -> dict[str, float]:
        def share(within: float) -> float:
            return round(float(np.mean([(e <= within).mean() for e in self.errors])), 4)

        every = np.concatenate(self.errors)
        return {
            "cases": len(self.median),
            "files_median_10ms": round(float(np.mean(np.array(self.median) <= 0.0105)), 4),
            "cues_40ms": share(0.04),
            "cues_100ms": share(0.1),
            "cues_200ms": share(0.2),
            "median_ms": round(float(np.median(every)) * 1000, 1),
            "p95_ms": round(float(np.percentile(every, 95)) * 1000, 1),
            "kept_all": round(float(np.mean(self.kept)), 4),
            "cpu_seconds": round(float(np.median(self.cpu)), 2),
            "wall_seconds": round(float(np.median(self.wall)), 2),
        }


@dataclass
class Certainty:
    """Whether confidence keeps its word: of the cues said to be at least 0.9 sure, how many are within 200 ms."""

    said: int = 0
    right: int = 0
    all: int = 0

    def add(self, truth: dict[str, float], found: dict[str, float], report: dict[str, Any]) -> None:
        for text, cue in zip(truth, report["cues"], strict=True):
            self.all += 1
            if cue["confidence"] >= 0.9:
                self.said += 1
                self.right += abs(found[text] - truth[text]) <= 0.2


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--films", type=int, default=28)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--out", type=Path, default=ROOT / "bench" / "results" / "align.json")
    arguments.add_argument("--no-peer", action="store_true")
    given = arguments.parse_args()
    peer = None if given.no_peer else _peer()
    certainty = Certainty()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        result = {
            "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
            "load": round(os.getloadavg()[0], 1),
            "peer": PEER if peer else None,
            "subtitles": _to_subtitles(work, given.films, given.seed, peer, certainty),
            "speech": _to_speech(work, given.seed, peer),
        }
    result["said_0.9_sure"] = {
        "share_of_cues": round(certainty.said / max(1, certainty.all), 4),
        "within_200ms": round(certainty.right / max(1, certainty.said), 4),
    }
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result["said_0.9_sure"]), "written to", given.out.name)


def _to_subtitles(
    work: Path, films: int, seed: int, peer: Path | None, certainty: Certainty
) -> dict[str, Any]:
    table: dict[str, Any] = {}
    for number, (name, damage) in enumerate(DAMAGES.items()):
        tools = {"terjime": Tally()} | ({"ffsubsync": Tally()} if peer else {})
        for film in range(films):
            case = [seed, film, number]
            made = np.random.default_rng([seed, film])
            source = narrated(made, int(made.integers(70, 600)))
            true = translated(made, source, float(np.interp(made.random(), EXACT_AT, EXACT)))
            rng = np.random.default_rng(case)
            damaged = damage(true, rng)
            lines = range(len(true) * 15 // 100 if name == "head missing" else 0, len(true))
            truth = {f"Line {i}": float(true[i, 0]) for i in lines}
            damaged = damaged - min(0.0, float(damaged[list(lines)].min()))
            _write(work / "reference.srt", {f"Source {i}": t for i, t in enumerate(source)})
            _write(work / "track.srt", {f"Line {i}": damaged[i] for i in lines})
            for tool, tally in tools.items():
                run = _ours if tool == "terjime" else _theirs(peer)
                found, cpu, wall = run(work, work / "reference.srt")
                tally.add(truth, found, cpu, wall)
                if tool == "terjime":
                    ordered = {t: truth[t] for t in sorted(truth, key=_at(work / "track.srt"))}
                    certainty.add(ordered, found, json.loads((work / "report.json").read_text()))
        table[name] = _told(name, tools) | {
            "seeds": [[seed, film, number] for film in range(films)]
        }
    return table


def _to_speech(work: Path, seed: int, peer: Path | None) -> dict[str, Any]:
    """The sample film's narration, its times known exactly; four kinds of damage, five cases each."""
    table: dict[str, Any] = {}
    film = ROOT / "samples" / "rights.mp4"
    true = np.array(list(_read(ROOT / "samples" / "rights.en.srt", both=True).values()))
    for number, name in enumerate(SPEECH_DAMAGES):
        tools = {"terjime": Tally()} | ({"ffsubsync": Tally()} if peer else {})
        for case in range(5):
            rng = np.random.default_rng([seed, case, 100 + number])
            damaged = DAMAGES_TO_SPEECH[name](true, rng)
            damaged = damaged - min(0.0, float(damaged.min()))
            _write(work / "track.srt", {f"Line {i}": t for i, t in enumerate(damaged)})
            truth = {f"Line {i}": float(t[0]) for i, t in enumerate(true)}
            for tool, tally in tools.items():
                run = _ours if tool == "terjime" else _theirs(peer)
                tally.add(truth, *run(work, film))
        table[name] = _told(f"to speech: {name}", tools)
    return table


def _told(name: str, tools: dict[str, Tally]) -> dict[str, Any]:
    body: dict[str, Any] = {tool: tally.summary() for tool, tally in tools.items()}
    for tool, row in body.items():
        print(
            f"{name:26s} {tool:10s} files ≤10 ms {row['files_median_10ms']:.2f}"
            f"  cues ≤100 ms {row['cues_100ms']:.3f}  ≤200 ms {row['cues_200ms']:.3f}"
            f"  median {row['median_ms']:.0f} ms  kept {row['kept_all']:.2f}  cpu {row['cpu_seconds']:.2f} s",
            flush=True,
        )
    if len(body) == 2:
        body["cpu_ratio"] = round(
            body["ffsubsync"]["cpu_seconds"] / body["terjime"]["cpu_seconds"], 2
        )
    return body


def _run(command: list[str | Path]) -> tuple[str, float, float]:
    """What a failed process said ("" for one that did not fail), its CPU seconds and its time."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    one_core = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(list(map(str, command)), capture_output=True, env=one_core, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return (
        done.stderr.decode(errors="replace") if done.returncode else "",
        cpu,
        time.perf_counter() - begun,
    )


def _ours(work: Path, reference: Path) -> tuple[dict[str, float], float, float]:
    out = work / "ours.srt"
    out.unlink(missing_ok=True)
    command = [sys.executable, "-m", "workflow.cli", "align", "subtitles", work / "track.srt"]
    failure, cpu, wall = _run(
        [*command, "--reference", reference, "-o", out, "--report", work / "report.json", "--force"]
    )
    if failure:
        raise SystemExit(failure)
    return _read(out), cpu, wall


def _theirs(peer: Path | None) -> Callable[[Path, Path], tuple[dict[str, float], float, float]]:
    def run(work: Path, reference: Path) -> tuple[dict[str, float], float, float]:
        out = work / "theirs.srt"
        out.unlink(missing_ok=True)
        tools = PEER_ENV / "tools"
        _, cpu, wall = _run(
            [peer or "", reference, "-i", work / "track.srt", "-o", out, "--ffmpeg-path", tools]
        )
        return _read(out) if out.exists() else {}, cpu, wall

    return run


def _peer() -> Path:
    """ffsubsync in an environment of its own, with the same ffmpeg."""
    tool = PEER_ENV / "bin" / "ffsubsync"
    if not tool.exists():
        venv.create(PEER_ENV, with_pip=True)
        subprocess.run([PEER_ENV / "bin" / "pip", "install", "-q", PEER], check=True)
    import imageio_ffmpeg  # noqa: PLC0415

    link = PEER_ENV / "tools" / "ffmpeg"
    link.parent.mkdir(exist_ok=True)
    if not link.exists():
        link.symlink_to(imageio_ffmpeg.get_ffmpeg_exe())
    return tool


def _clock(seconds: float) -> str:
    ms = round(max(0.0, seconds) * 1000)
    return f"{ms // 3_600_000:02d}:{ms // 60_000 % 60:02d}:{ms // 1000 % 60:02d},{ms % 1000:03d}"


def _write(path: Path, cues: dict[str, Floats]) -> None:
    """In the order of the story, which a cut may let step back in time."""
    path.write_text(
        "\n".join(
            f"{n}\n{_clock(t[0])} --> {_clock(max(t[1], t[0] + 0.05))}\n{text}\n"
            for n, (text, t) in enumerate(cues.items(), 1)
        )
    )


_CUE = re.compile(r"(\d+):(\d+):(\d+)[,.](\d+) --> (\d+):(\d+):(\d+)[,.](\d+)[^\n]*\n((?:.+\n?)+)")


def _read(path: Path, *, both: bool = False) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for m in _CUE.finditer(path.read_text()):
        h, minute, s, ms, h2, minute2, s2, ms2 = map(int, m.groups()[:8])
        start = h * 3600 + minute * 60 + s + ms / 1000
        end = h2 * 3600 + minute2 * 60 + s2 + ms2 / 1000
        found[m[9].strip()] = (start, end) if both else start
    return found


def _at(path: Path) -> Callable[[str], tuple[float, float]]:
    times = _read(path, both=True)
    return lambda text: times[text]


if __name__ == "__main__":
    main()
