"""Shot changes: ours, ffmpeg's scdet and PySceneDetect on films whose cuts are known.

    python bench/shots.py [--scenedetect PYTHON] [--out FILE]

The shots are moving looks at stills of the sample film (its every 1.7 s), so that the pictures are real and
the cuts are known: hard cuts, the same in the dark, with grain, with whip pans, with photographers' flashes,
between two looks at one picture, and dissolves. A cut counts if it is named to the frame (±1); a dissolve
if a frame of it is named. PySceneDetect runs in an environment of its own: that of the interpreter given,
else one made for this run.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from workflow.media.ffmpeg import find_ffmpeg
from workflow.media.shots import FAINT, LEAST, read_differences, shot_changes

ROOT = Path(__file__).parents[1]
PINNED = ("scenedetect==0.7.2", "opencv-python-headless==5.0.0.93")
WIDTH, HEIGHT, RATE = 426, 240, 24
Picture = NDArray[np.uint8]
Path_ = Callable[[int], tuple[float, float, float]]  # frame → x, y (0 to 1), zoom

PEER = """
import json, sys
from scenedetect import AdaptiveDetector, ContentDetector, detect
asked = json.load(sys.stdin)
made = {"content": lambda t: ContentDetector(threshold=t), "adaptive": lambda t: AdaptiveDetector(adaptive_threshold=t)}
found = {}
for kind, threshold in asked["detectors"]:
    scenes = detect(asked["film"], made[kind](threshold))
    found[f"{kind} {threshold}"] = [start.frame_num for start, _ in scenes[1:]]
print(json.dumps(found))
"""
DETECTORS = [("content", t) for t in (20, 24, 27, 32)] + [("adaptive", t) for t in (2, 2.5, 3, 4)]


@dataclass
class Reel:
    """Pictures with what is true of them: the frames [first, end] where a change may be named."""

    name: str
    frames: list[Picture]
    truth: list[tuple[int, int]]


def main() -> None:
    arguments = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    arguments.add_argument("--scenedetect", help="Python interpreter that has PySceneDetect")
    arguments.add_argument("--shots", type=int, default=24, help="of each film")
    arguments.add_argument("--out", type=Path, default=ROOT / "bench" / "results" / "shots.json")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = compare(Path(folder), given.scenedetect, given.shots)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(result, indent=2) + "\n")


def compare(folder: Path, python: str | None, shots: int) -> dict[str, Any]:
    python = python or _own_environment(folder)
    counts: dict[str, dict[str, list[int]]] = {}
    reels: list[dict[str, Any]] = []
    for reel in make_reels(ROOT / "samples" / "rights.mp4", shots):
        film = folder / f"{reel.name}.mp4"
        write(reel, film)
        reels.append({"film": reel.name, "frames": len(reel.frames), "changes": len(reel.truth)})
        for name, found in every_answer(film, python).items():
            counts.setdefault(name, {})[reel.name] = list(score(found, reel.truth))
    table: dict[str, dict[str, Any]] = {
        name: {
            "all": figures([sum(column) for column in zip(*by_film.values(), strict=True)]),
            "hard_cuts": figures(
                [
                    sum(column)
                    for column in zip(
                        *(c for film, c in by_film.items() if film != "dissolves"), strict=True
                    )
                ]
            ),
            "by_film": {film: figures(numbers) for film, numbers in by_film.items()},
        }
        for name, by_film in counts.items()
    }
    for name, row in sorted(table.items(), key=lambda item: -item[1]["hard_cuts"]["f1"]):
        print(f"{name:28} cuts {row['hard_cuts']}  with dissolves {row['all']}")
    return {
        "command": "python bench/shots.py",
        "peer": " ".join(PINNED),
        "used": f"ours {LEAST} {FAINT}",
        "films": reels,
        "detectors": table,
    }


def every_answer(film: Path, python: str) -> dict[str, list[int]]:
    """Frames that each detector names, with several thresholds each."""
    log = film.with_suffix(".txt")
    graph = (
        f"scale={WIDTH}:{HEIGHT}:flags=area,scdet=threshold=0,metadata=mode=print:file={log.name}"
    )
    command = [find_ffmpeg(), "-v", "error", "-i", str(film), "-vf", graph, "-f", "null", "-"]
    subprocess.run(command, check=True, cwd=film.parent)
    differences = read_differences(log)
    answers = {
        f"ours {least} {faint}": shot_changes(differences, least, faint)
        for least in (3.0, 5.0, 8.0)
        for faint in (1.0, 2.0, 3.0)
    }
    scores = np.minimum(differences, np.abs(np.diff(differences, prepend=0)))
    for threshold in (4, 6, 8, 10, 14):
        answers[f"scdet {threshold}"] = [int(n) for n in np.flatnonzero(scores >= threshold)]
    asked = json.dumps({"film": str(film), "detectors": DETECTORS})
    told = subprocess.run(
        [python, "-c", PEER], input=asked, capture_output=True, text=True, check=True
    )
    for name, found in json.loads(told.stdout.splitlines()[-1]).items():
        answers[f"PySceneDetect {name}"] = found
    return answers


def score(found: list[int], truth: list[tuple[int, int]]) -> tuple[int, int, int]:
    """Right, wrong, missed; each change is named once at most."""
    left = sorted(found)
    right = 0
    for first, end in truth:
        hit = next((frame for frame in left if first <= frame <= end), None)
        if hit is not None:
            right += 1
            left = [frame for frame in left if not first <= frame <= end]
    return right, len(left), len(truth) - right


def figures(numbers: list[int]) -> dict[str, float]:
    right, wrong, missed = numbers
    precision = right / (right + wrong) if right + wrong else 1.0
    recall = right / (right + missed) if right + missed else 1.0
    both = precision + recall
    f1 = 2 * precision * recall / both if both else 0.0
    return {"precision": round(precision, 3), "recall": round(recall, 3), "f1": round(f1, 3)}


# Films


def make_reels(sample: Path, shots: int) -> Iterator[Reel]:
    stills = list(_stills(sample))
    dice = random.Random(5)

    def cut_film(name: str, change: Callable[[Picture, int], Picture], speed: float) -> Reel:
        frames: list[Picture] = []
        truth = []
        for _ in range(shots):
            still = stills[dice.randrange(len(stills))]
            if frames:
                truth.append((len(frames) - 1, len(frames) + 1))
            move = _moves(dice, speed)
            for n in range(dice.randint(14, 60)):
                frames.append(change(_look(still, *move(n)), len(frames)))
        return Reel(name, frames, truth)

    def plain(picture: Picture, n: int) -> Picture:
        return picture

    def dark(picture: Picture, n: int) -> Picture:
        return (picture * 0.18 + 4).astype(np.uint8)

    noise = np.random.default_rng(5)

    def grain(picture: Picture, n: int) -> Picture:
        grains = noise.normal(0, 14, picture.shape[:2])[..., None]
        return np.clip(picture + grains, 0, 255).astype(np.uint8)

    yield cut_film("cuts", plain, 0.004)
    yield cut_film("dark", dark, 0.004)
    yield cut_film("grain", grain, 0.004)
    yield cut_film("whip-pans", plain, 0.06)
    yield _with_flashes(cut_film("flashes", plain, 0.004), dice)
    yield _one_place(stills, dice, shots)
    yield _dissolves(stills, dice, shots)


def _stills(sample: Path) -> Iterator[Picture]:
    with av.open(str(sample)) as media:
        for number, frame in enumerate(media.decode(video=0)):
            if number % 41 == 20:
                picture = frame.to_ndarray(format="rgb24", width=852, height=640).astype(np.uint8)
                if picture.std() > 12:  # no black, no empty card
                    yield picture


def _moves(dice: random.Random, speed: float) -> Path_:
    x, y, turn = dice.random(), dice.random(), dice.random() * 2 * math.pi
    fast = speed * dice.uniform(0.3, 1.5)
    zoom = dice.uniform(0.5, 0.75)

    def at(n: int) -> tuple[float, float, float]:
        sway = 0.5 + 0.5 * math.sin(2 * math.pi * x + fast * n)
        rise = 0.5 + 0.5 * math.sin(2 * math.pi * y + fast * n * math.sin(turn))
        return sway, rise, zoom

    return at


def _look(still: Picture, x: float, y: float, zoom: float) -> Picture:
    """The part of the still that a camera sees, in whole pixels of the still."""
    wide, tall = int(still.shape[1] * zoom), int(still.shape[0] * zoom)
    left, top = int((still.shape[1] - wide) * x), int((still.shape[0] - tall) * y)
    part = still[top : top + tall, left : left + wide]
    rows = np.arange(HEIGHT) * tall // HEIGHT
    columns = np.arange(WIDTH) * wide // WIDTH
    return part[rows][:, columns]


def _with_flashes(reel: Reel, dice: random.Random) -> Reel:
    cuts = {first + 1 for first, _ in reel.truth}
    for frame in range(6, len(reel.frames) - 6, 31):
        if not cuts & set(range(frame - 5, frame + 7)):
            for n in range(dice.randint(1, 2)):
                bright = reel.frames[frame + n].astype(np.int16) + dice.randint(90, 190)
                reel.frames[frame + n] = np.clip(bright, 0, 255).astype(np.uint8)
    return reel


def _one_place(stills: list[Picture], dice: random.Random, shots: int) -> Reel:
    """Cuts between a wide and a close look at one picture: a conversation in one room."""
    frames: list[Picture] = []
    truth = []
    for number in range(shots):
        still = stills[(number // 6) % len(stills)]
        zoom = 0.9 if number % 2 else 0.45
        x, y = dice.random(), dice.random()
        if frames:
            truth.append((len(frames) - 1, len(frames) + 1))
        frames += [_look(still, x + n * 1e-4, y, zoom) for n in range(dice.randint(20, 50))]
    return Reel("one-place", frames, truth)


def _dissolves(stills: list[Picture], dice: random.Random, shots: int) -> Reel:
    frames: list[Picture] = []
    truth = []
    last: Picture | None = None
    for _ in range(shots):
        still, move = stills[dice.randrange(len(stills))], _moves(dice, 0.004)
        looks = [_look(still, *move(n)) for n in range(dice.randint(30, 60))]
        if last is not None:
            length = dice.choice((6, 12, 18))
            truth.append((len(frames), len(frames) + length))
            for n in range(length):
                share = (n + 1) / (length + 1)
                frames.append((last * (1 - share) + looks[n] * share).astype(np.uint8))
            looks = looks[length:]
        frames += looks
        last = looks[-1]
    return Reel("dissolves", frames, truth)


def write(reel: Reel, film: Path) -> None:
    command = [find_ffmpeg(), "-v", "error", "-f", "rawvideo", "-pix_fmt", "rgb24"]
    command += ["-s", f"{WIDTH}x{HEIGHT}", "-r", str(RATE), "-i", "-", "-pix_fmt", "yuv420p"]
    command += ["-c:v", "libx264", "-preset", "veryfast", "-crf", "23", str(film)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        for frame in reel.frames:
            process.stdin.write(np.ascontiguousarray(frame).tobytes())
        process.stdin.close()
    if process.returncode:
        raise SystemExit("ffmpeg could not write the film")


def _own_environment(folder: Path) -> str:
    venv.create(folder / "env", with_pip=True)
    python = str(folder / "env" / "bin" / "python")
    subprocess.run([python, "-m", "pip", "install", "-q", *PINNED], check=True, stdout=sys.stderr)
    return python


if __name__ == "__main__":
    main()
