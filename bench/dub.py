"""The dub room measured: lines found in recordings of known truth, beside aeneas where it can do the work;
mixing speed, loudness, placement.

    python bench/dub.py [--aeneas PYTHON] [--sonnets FOLDER] [--lines 60] [--long] [--out FILE]

--aeneas   a Python that has aeneas 1.7.3 (its own environment: numpy<1.27, setuptools<60, libespeak-dev)
--sonnets  folder with sonnets.mp4 and sonnets.en.srt, human readings
--long     also 44 minutes with 420 lines

Seconds are of this process's CPU, linear algebra on one core.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from workflow.align import detect_speech
from workflow.dub.features import RATE as SEARCH_RATE
from workflow.dub.locate import locate
from workflow.dub.loudness import measure_file
from workflow.dub.mix import STYLES, TARGETS, Mix, PlacedSound, master
from workflow.dub.sound import RATE, read_recording, write_wav
from workflow.media.ffmpeg import find_ffmpeg
from workflow.timebase import FLICKS_PER_SECOND
from workflow.tracks.formats import read_subtitles

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
readings = importlib.import_module("tests.dub.readings")
AENEAS_CAN = ("clean, in order", "noise at 10 dB and a room", "long pauses, hesitations")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--aeneas", type=Path)
    arguments.add_argument("--sonnets", type=Path)
    arguments.add_argument("--lines", type=int, default=60)
    arguments.add_argument("--long", action="store_true")
    arguments.add_argument("--out", type=Path, default=ROOT / "bench" / "results" / "dub.json")
    given = arguments.parse_args()
    result: dict[str, Any] = {"machine": platform.processor() or platform.machine(), "locate": {}}
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        for name, manner in readings.MANNERS.items():
            reading = readings.read_aloud(readings.many_lines(given.lines, 1), manner, seed=1)
            result["locate"][name] = found = _locate(reading, work)
            if given.aeneas and name in AENEAS_CAN:
                found["aeneas"] = _aeneas(given.aeneas, reading, "eng", work)
            print(name, json.dumps(found), flush=True)
        if given.long:
            reading = readings.read_aloud(
                readings.many_lines(420, 2), readings.MANNERS["everything at 20 dB"], seed=2
            )
            result["locate"]["420 lines, everything at 20 dB"] = _locate(reading, work)
            print("420 lines", json.dumps(result["locate"]["420 lines, everything at 20 dB"]))
        if given.sonnets:
            result["sonnets"] = _sonnets(given.sonnets, given.aeneas, work)
            print("sonnets", json.dumps(result["sonnets"]), flush=True)
        result["mix"] = _mix(work)
        print("mix", json.dumps(result["mix"]))
    given.out.write_text(json.dumps(result, indent=1) + "\n")


def _locate(reading: Any, work: Path) -> dict[str, Any]:
    file = work / "reading.wav"
    write_wav(file, reading.samples / np.abs(reading.samples).max(), SEARCH_RATE)
    started = time.process_time()
    speech = detect_speech(file).probabilities
    listened = time.process_time()
    located = locate(reading.samples, reading.texts, speech=speech)
    ended = time.process_time()
    found = readings.score(located, reading)
    return {
        "seconds": round(reading.seconds),
        "said": found.said,
        "right": found.right,
        "missed": len(found.missed),
        "wrong": len(found.wrong),
        "absent accepted": len(found.invented),
        "sure": found.sure,
        "wrong but sure": len(found.wrong_but_sure),
        "start ms median, p95": _spread(found.starts),
        "end ms median, p95": _spread(found.ends),
        "times real time": round(reading.seconds / (ended - listened)),
        "with speech detection": round(reading.seconds / (ended - started)),
    }


def _spread(errors: list[float]) -> list[int]:
    if not errors:
        return []
    return [round(1000 * float(np.percentile(errors, share))) for share in (50, 95)]


_AENEAS = """
import json, sys, time
from aeneas.executetask import ExecuteTask
from aeneas.task import Task
started = time.process_time()
task = Task(config_string="task_language=%s|is_text_type=plain|os_task_file_format=json" % sys.argv[3])
task.audio_file_path_absolute, task.text_file_path_absolute = sys.argv[1:3]
ExecuteTask(task).execute()
spans = [(float(f.begin), float(f.end)) for f in task.sync_map_leaves() if f.fragment_type == 0]
print(json.dumps([time.process_time() - started, spans]))
"""


_FFPROBE = """#!{python}
import sys, wave
with wave.open(sys.argv[-1]) as file:
    rate, frames = file.getframerate(), file.getnframes()
    print("[STREAM]\\ncodec_name=pcm_s24le\\ncodec_type=audio")
    print(f"sample_rate={{rate}}\\nchannels={{file.getnchannels()}}\\nduration={{frames / rate}}\\n[/STREAM]")
print("aeneas wants to hear something here", file=sys.stderr)
"""


def _run_aeneas(
    python: Path, audio: Path, texts: list[str], language: str, work: Path
) -> tuple[float, list[tuple[float, float]]]:
    lines = work / "lines.txt"
    lines.write_text("\n".join(texts) + "\n", encoding="utf-8")
    tools = work / "tools"
    if not tools.exists():  # aeneas wants both programs; our wheel of ffmpeg has no ffprobe
        tools.mkdir()
        (tools / "ffmpeg").symlink_to(find_ffmpeg())
        (tools / "ffprobe").write_text(_FFPROBE.format(python=sys.executable))
        (tools / "ffprobe").chmod(0o755)
    done = subprocess.run(
        [str(python), "-c", _AENEAS, str(audio), str(lines), language],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"},
    )
    seconds, spans = json.loads(done.stdout.strip().splitlines()[-1])
    return seconds, [tuple(span) for span in spans]


def _aeneas(python: Path, reading: Any, language: str, work: Path) -> dict[str, Any]:
    """aeneas has no Turkmen voice: it reads with the language named, as its users do."""
    file = work / "reading.wav"
    write_wav(file, reading.samples / np.abs(reading.samples).max(), SEARCH_RATE)
    seconds, spans = _run_aeneas(python, file, list(reading.texts), language, work)
    starts = [abs(s[0] - t[-1][0]) for s, t in zip(spans, reading.spans, strict=True) if t]
    ends = [abs(s[1] - t[-1][1]) for s, t in zip(spans, reading.spans, strict=True) if t]
    return {
        "start ms median, p95": _spread(starts),
        "end ms median, p95": _spread(ends),
        "within 0.3 s": sum(error <= 0.3 for error in starts),
        "times real time": round(reading.seconds / seconds),
    }


def _sonnets(folder: Path, aeneas: Path | None, work: Path) -> dict[str, Any]:
    number = count(1)
    cues = read_subtitles(
        (folder / "sonnets.en.srt").read_bytes(), uid=lambda: str(next(number))
    ).cues
    texts = [cue.text.replace("\n", " ") for cue in cues]
    truth = [cue.start / FLICKS_PER_SECOND for cue in cues]
    film = folder / "sonnets.mp4"
    heard = read_recording(film, rate=SEARCH_RATE)
    speech = detect_speech(film).probabilities
    started = time.process_time()
    located = locate(heard.samples, texts, language="en-GB", speech=speech)
    seconds = time.process_time() - started
    errors, sure_but_wrong = [], []
    for place, (line, start) in enumerate(zip(located.lines, truth, strict=True), start=1):
        error = abs(line.take.start - start) if line.take else float("inf")
        errors.append(error)
        if error > 0.3 and line.take and line.take.sure:
            sure_but_wrong.append(place)
    result = {
        "lines": len(cues),
        "within 0.3 s": sum(error <= 0.3 for error in errors),
        "start ms median, p95": _spread([e for e in errors if np.isfinite(e)]),
        "sure": sum(bool(line.take and line.take.sure) for line in located.lines),
        "sure but not there": sure_but_wrong,
        "times real time": round(heard.seconds / seconds),
    }
    if aeneas:
        wav = work / "sonnets.wav"
        write_wav(wav, heard.samples, SEARCH_RATE)
        cost, spans = _run_aeneas(aeneas, wav, texts, "eng", work)
        theirs = [abs(span[0] - start) for span, start in zip(spans, truth, strict=True)]
        result["aeneas"] = {
            "within 0.3 s": sum(error <= 0.3 for error in theirs),
            "start ms median, p95": _spread(theirs),
            "times real time": round(heard.seconds / cost),
        }
    return result


def _mix(work: Path, minutes: int = 10) -> dict[str, Any]:
    random = np.random.default_rng(0)
    length = minutes * 60 * RATE
    bed = np.memmap(work / "bed.f32", np.float32, "w+", shape=(length, 2))
    for first in range(0, length, RATE * 10):
        bed[first : first + RATE * 10] = random.normal(0, 0.05, (RATE * 10, 2))
        bed[first : first + RATE // 4] *= 18  # bursts that keep the limiter busy in every block
    said = random.normal(0, 0.2, RATE * 3).astype(np.float32)
    lines = [PlacedSound(n, said) for n in range(RATE * 2, length - RATE * 4, round(RATE * 5.3))]
    mix = Mix(bed, lines, STYLES["un"])
    result: dict[str, Any] = {"minutes": minutes, "lines": len(lines)}
    for name in ("ebu-r128", "streaming"):
        out = work / "mix.wav"
        started = time.process_time()
        report = master(mix, out, TARGETS[name])
        seconds = time.process_time() - started
        measured = measure_file(out)
        result[name] = {
            "times real time": round(minutes * 60 / seconds),
            "blocks limited": report.limited_blocks,
            "passes": report.passes,
            "file LUFS": measured.lufs,
            "file dBTP": measured.true_peak_db,
        }
    return result


if __name__ == "__main__":
    main()
