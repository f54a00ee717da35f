"""How well and how fast tracks are aligned, beside ffsubsync on the same cases in the same run.

    python bench/align.py [--films 28] [--seed 1] [--speech FILM SRT]… [--out FILE] [--no-peer]

Films are imagined (tests/align/pairs.py): a narrator's lines and a translator who keeps 7 to 58 % of their boundaries
exactly, as measured on real pairs; then each film is damaged in every way. To speech, the sample film is used, and
any other film given with subtitles whose times are true: human readings, say. Music and effects are synthetic.
Every case is one whole process of each tool; CPU seconds are user and system of that process, and on a
busy machine the ratios hold better than the seconds. A case can be made again from the seed printed with it.
"""

from __future__ import annotations

import argparse
import itertools
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
import wave
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.align.pairs import Floats, cut, narrated, translated  # noqa: E402

PEER = "ffsubsync==0.5.1"
SAMPLE, SAMPLE_CUES = ROOT / "samples" / "rights.mp4", ROOT / "samples" / "rights.en.srt"
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
SPEECH_CASES = 10  # of each damage on each film

# Row → what it is to reach: figure of a summary, least or most, and the value
Goal = tuple[str, str, float]
GOALS: dict[str, tuple[Goal, ...]] = {
    "offset": (("files_median_10ms", "≥", 1.0), ("kept_all", "≥", 1.0)),
    "rate and offset": (("files_median_10ms", "≥", 1.0), ("kept_all", "≥", 1.0)),
    "free rate": (("files_median_10ms", "≥", 1.0), ("kept_all", "≥", 1.0)),
    "one cut": (("files_median_10ms", "≥", 0.99), ("cues_100ms", "≥", 0.97)),
    "three cuts": (("files_median_10ms", "≥", 0.98), ("cues_100ms", "≥", 0.95)),
    "rate and two cuts": (("files_median_10ms", "≥", 0.98), ("cues_100ms", "≥", 0.95)),
    "three cuts and jitter": (("cues_100ms", "≥", 0.75),),
    "head missing": (("files_median_10ms", "≥", 0.99),),
    "to speech: offset": (("median_ms", "≤", 25), ("p95_ms", "≤", 40), ("cues_200ms", "≥", 1.0)),
    "to speech: rate and offset": (
        ("median_ms", "≤", 25),
        ("p95_ms", "≤", 40),
        ("cues_200ms", "≥", 1.0),
    ),
    "to speech: one cut": (("cues_200ms", "≥", 0.95),),
    "to speech: two cuts": (("cues_200ms", "≥", 0.9),),
    "to speech under music": (("cues_200ms", "≥", 0.95),),
    "to speech under effects": (("cues_200ms", "≥", 0.95),),
    "20 min, subtitles": (("cpu_seconds", "≤", 1.0), ("wall_ratio", "≥", 3.0)),
    "20 min, subtitles, one core": (("cpu_seconds", "≤", 1.0),),
    "20 min, speech": (("times_real_time", "≥", 200), ("wall_ratio", "≥", 1.0)),
}
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
    arguments.add_argument("--speech", type=Path, nargs=2, action="append", default=[])
    arguments.add_argument("--no-peer", action="store_true")
    given = arguments.parse_args()
    peer = None if given.no_peer else _peer()
    certainty, heard = Certainty(), Certainty()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        result = {
            "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
            "load": round(os.getloadavg()[0], 1),
            "peer": PEER if peer else None,
            "subtitles": _to_subtitles(work, given.films, given.seed, peer, certainty),
            "speech": _to_speech(
                work, given.seed, peer, [(SAMPLE, SAMPLE_CUES), *map(tuple, given.speech)], heard
            ),
            "speed": _speed(work, given.seed, peer),
            "strangers": _strangers(work, given.films, given.seed),
        }
    for name, kept in (("said_0.9_sure", certainty), ("said_0.9_sure_by_speech", heard)):
        result[name] = {
            "share_of_cues": round(kept.said / max(1, kept.all), 4),
            "within_200ms": round(kept.right / max(1, kept.said), 4),
        }
    _print_goals(result)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(result, indent=1) + "\n")
    print("written to", given.out.name)


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


def _to_speech(
    work: Path, seed: int, peer: Path | None, films: list[tuple[Path, Path]], certainty: Certainty
) -> dict[str, Any]:
    """Films whose lines are known; four kinds of damage, and an offset under music and under effects."""
    table: dict[str, Any] = {}
    rows = [(name, name, "") for name in SPEECH_DAMAGES]
    rows += [(f"under {noise}", "offset", noise) for noise in ("music", "effects")]
    for number, (name, damage, noise) in enumerate(rows):
        tools = {"terjime": Tally()} | ({"ffsubsync": Tally()} if peer else {})
        for (film, cues), case in itertools.product(films, range(4 if noise else SPEECH_CASES)):
            true = np.array(list(_read(cues, both=True).values()))
            rng = np.random.default_rng([seed, case, 100 + number])
            damaged = DAMAGES_TO_SPEECH[damage](true, rng)
            damaged = damaged - min(0.0, float(damaged.min()))
            lines = {f"Line {i}": t for i, t in enumerate(damaged)}
            _write(work / "track.srt", lines)
            truth = {f"Line {i}": float(t[0]) for i, t in enumerate(true)}
            heard = _under(noise, film, true, rng, work / "noisy.wav") if noise else film
            for tool, tally in tools.items():
                run = _ours if tool == "terjime" else _theirs(peer)
                found, cpu, wall = run(work, heard)
                tally.add(truth, found, cpu, wall)
                if tool == "terjime":
                    ordered = {t: truth[t] for t in sorted(truth, key=_at(work / "track.srt"))}
                    certainty.add(ordered, found, json.loads((work / "report.json").read_text()))
        table[name] = _told(f"to speech{'' if noise else ':'} {name}", tools)
    return table


def _under(noise: str, film: Path, cues: Floats, rng: np.random.Generator, out: Path) -> Path:
    """The film's sound, and music or effects as loud as its lines (0 dB)."""
    heard = subprocess.run(
        [_ffmpeg(), "-v", "error", "-i", str(film), "-ac", "1", "-ar", "16000", "-f", "s16le", "-"],
        capture_output=True,
        check=True,
    ).stdout
    sound = np.frombuffer(heard, np.int16).astype(np.float64)
    spoken = np.concatenate([sound[int(s * 16000) : int(e * 16000)] for s, e in cues])
    other = (_music if noise == "music" else _effects)(len(sound), rng)
    mixed = sound + other * np.sqrt((spoken**2).mean() / (other**2).mean())
    with wave.open(str(out), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes((mixed / max(1.0, np.abs(mixed).max() / 32767)).astype("<i2").tobytes())
    return out


def _music(count: int, rng: np.random.Generator) -> Floats:
    """Chords, a melody and drums: bars of four beats in a major key."""
    beat, root = int(16000 * 60 / rng.uniform(80, 130)), rng.uniform(110, 220)
    steps = np.array([0, 2, 4, 5, 7, 9, 11])
    out = np.zeros(count + 4 * beat)

    def tone(at: int, length: int, step: int, loud: float, fade: float) -> None:
        time = np.arange(length) / 16000
        pitch = root * 2 ** ((steps[step % 7] + 12 * (step // 7)) / 12)
        wave_form = sum(np.sin(2 * np.pi * pitch * h * time) / h for h in range(1, 7))
        out[at : at + length] += loud * np.exp(-time * fade) * wave_form

    for bar in range(0, count, 4 * beat):
        chord = int(rng.integers(7))
        for step in (chord, chord + 2, chord + 4):
            tone(bar, 4 * beat, step, 0.5, 0.0)
        for sixteenth in range(16):
            if rng.random() < 0.6:
                tone(bar + sixteenth * beat // 4, beat // 4, 7 + int(rng.integers(12)), 1.0, 4.0)
        for eighth in range(8):
            at = bar + eighth * beat // 2
            hit = rng.normal(0, 2 if eighth % 4 == 2 else 0.8, 2000)
            out[at : at + 2000] += hit * np.exp(-np.arange(2000) / 500)
    return out[:count]


def _effects(count: int, rng: np.random.Generator) -> Floats:
    """Bangs, sirens and engines over a bed of noise, two a second."""
    out = rng.normal(0, 0.05, count)
    for _ in range(count // 8000):
        length = int(rng.uniform(0.05, 1.5) * 16000)
        at = int(rng.integers(max(1, count - length)))
        time = np.arange(min(length, count - at)) / 16000
        kind = rng.integers(3)
        if kind == 0:
            made = rng.normal(0, 1, len(time)) * np.exp(-time * rng.uniform(2, 20))
        elif kind == 1:
            turns = rng.uniform(200, 2000) * time + rng.uniform(-600, 600) * time**2
            made = np.sin(2 * np.pi * turns) * np.exp(-time * 3)
        else:
            made = np.sign(np.sin(2 * np.pi * rng.uniform(60, 200) * time)) * np.hanning(len(time))
        out[at : at + len(time)] += made
    return out


def _speed(work: Path, seed: int, peer: Path | None) -> dict[str, Any]:
    """Whole processes on 20 minutes: a film of some 290 cues, and the sample played over and over."""
    table: dict[str, Any] = {}
    rng = np.random.default_rng([seed, 20])
    source = narrated(rng, 600)
    source = source[source[:, 1] < 1200]
    true = translated(rng, source, 0.45)
    lines = {f"Line {i}": t for i, t in enumerate(true)}
    _write(work / "reference.srt", {f"Source {i}": t for i, t in enumerate(source)})
    film = work / "long.mp4"
    command = [
        _ffmpeg(),
        "-v",
        "error",
        "-y",
        "-stream_loop",
        "15",
        "-i",
        str(SAMPLE),
        "-t",
        "1200",
    ]
    subprocess.run([*command, "-c", "copy", str(film)], check=True)
    told = np.array(list(_read(SAMPLE_CUES, both=True).values()))
    spoken = np.concatenate([told + n * 77.5 for n in range(15)])
    cores = sorted(os.sched_getaffinity(0))
    for name, reference, times, runs in (
        ("20 min, subtitles", work / "reference.srt", lines, 15),
        ("20 min, subtitles, one core", work / "reference.srt", lines, 15),
        ("20 min, speech", film, {f"Line {i}": t for i, t in enumerate(spoken)}, 3),
    ):
        tools = {"terjime": Tally()} | ({"ffsubsync": Tally()} if peer else {})
        truth = {text: float(t[0]) for text, t in times.items()}
        _write(work / "track.srt", {text: t + 12.5 for text, t in times.items()})
        os.sched_setaffinity(0, cores[:1] if "one core" in name else cores)  # inherited
        for _, tool in itertools.product(range(runs), tools):
            run = _ours if tool == "terjime" else _theirs(peer)
            tools[tool].add(truth, *run(work, reference))
        os.sched_setaffinity(0, cores)
        table[name] = _told(name, tools)
        if (
            reference == film
        ):  # which says the same over and over: no place in it is the only right one
            for tool in tools:
                spent = {n: table[name][tool][n] for n in ("cpu_seconds", "wall_seconds")}
                table[name][tool] = spent | {"times_real_time": round(1200 / spent["cpu_seconds"])}
    return table


def _strangers(work: Path, films: int, seed: int) -> dict[str, float]:
    """Tracks held against another film: how many are refused."""
    refused = []
    for film in range(films):
        made = np.random.default_rng([seed, film, 50])
        source = narrated(made, int(made.integers(70, 600)))
        other = narrated(made, int(made.integers(70, 600)))
        _write(work / "reference.srt", {f"Source {i}": t for i, t in enumerate(source)})
        _write(
            work / "track.srt",
            {f"Line {i}": t for i, t in enumerate(translated(made, other, 0.45))},
        )
        _ours(work, work / "reference.srt")
        refused.append(not json.loads((work / "report.json").read_text())["related"])
    return {"films": films, "refused": round(float(np.mean(refused)), 4)}


def _print_goals(result: dict[str, Any]) -> None:
    """The table of what is to be reached, and whether it is."""
    rows = dict(result["subtitles"])
    for name, row in result["speech"].items():
        rows[f"to speech{'' if name.startswith('under') else ':'} {name}"] = row
    rows |= result["speed"]
    print(f"\n{'damage':28s} {'goal':24s} {'terjime':>9s} {'ffsubsync':>9s}")
    for name, goals in GOALS.items():
        for figure, sign, value in goals:
            row = rows[name]
            ours, theirs = (
                row.get(tool, {}).get(figure, row.get(figure)) for tool in ("terjime", "ffsubsync")
            )
            if ours is None:
                continue
            met = ours >= value if sign == "≥" else ours <= value
            peer = "" if theirs is None or figure == "wall_ratio" else f"{theirs:g}"
            goal = f"{figure} {sign} {value:g}"
            print(f"{name:28s} {goal:24s} {ours:9g} {peer:>9s}  {'met' if met else 'NOT met'}")
    for name in ("said_0.9_sure", "said_0.9_sure_by_speech"):
        right = result[name]["within_200ms"]
        print(
            f"{name:28s} {'within 200 ms ≥ 0.99':24s} {right:9g} {'':9s}  {'met' if right >= 0.99 else 'NOT met'}"
        )
    refused = result["strangers"]["refused"]
    print(
        f"{'another film':28s} {'refused ≥ 1':24s} {refused:9g} {'':9s}  {'met' if refused == 1 else 'NOT met'}"
    )


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
        for kind in (
            "cpu",
            "wall",
        ):  # a person waits for the wall; ffsubsync's idle threads cost CPU alone
            theirs, ours = (body[tool][f"{kind}_seconds"] for tool in ("ffsubsync", "terjime"))
            body[f"{kind}_ratio"] = round(theirs / ours, 2)
    return body


def _run(command: list[str | Path]) -> tuple[str, float, float]:
    """What a failed process said ("" for one that did not fail), its CPU seconds and its time."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        list(map(str, command)), capture_output=True, env=_as_installed(), check=False
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return (
        done.stderr.decode(errors="replace") if done.returncode else "",
        cpu,
        time.perf_counter() - begun,
    )


def _as_installed() -> dict[str, str]:
    """As a user runs them; modules of both tools are compiled once and kept, as where a tool is installed."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {
        "PYTHONPYCACHEPREFIX": str(ROOT / "build" / "bench-pycache"),
    }


def _ours(work: Path, reference: Path) -> tuple[dict[str, float], float, float]:
    out = work / "ours.srt"
    out.unlink(missing_ok=True)
    command: list[str | Path] = [sys.executable, "-m", "workflow.cli", "align", "subtitles"]
    command.append(work / "track.srt")
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
    link = PEER_ENV / "tools" / "ffmpeg"
    link.parent.mkdir(exist_ok=True)
    if not link.exists():
        link.symlink_to(_ffmpeg())
    return tool


def _ffmpeg() -> str:
    import imageio_ffmpeg  # noqa: PLC0415

    return str(imageio_ffmpeg.get_ffmpeg_exe())


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
