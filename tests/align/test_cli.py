"""`terjime align subtitles` as a person runs it: a process, files, exit statuses."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import count
from pathlib import Path

from workflow.timebase import FLICKS_PER_MS
from workflow.tracks.cues import Cue
from workflow.tracks.formats import read_subtitles

SAMPLES = Path(__file__).parents[2] / "samples"
TRACK = SAMPLES / "rights.tk.unaligned.srt"


def terjime(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "workflow.cli", "align", "subtitles", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )


def read(path: Path) -> list[Cue]:
    number = count(1)
    return list(read_subtitles(path.read_bytes(), uid=lambda: str(next(number))).cues)


def test_a_subtitle_file_is_a_reference(tmp_path: Path) -> None:
    out, report = tmp_path / "out.srt", tmp_path / "report.json"
    done = terjime(TRACK, "--reference", SAMPLES / "rights.en.srt", "-o", out, "--report", report)
    assert done.returncode == 0, done.stderr
    assert "25 cues in 2 segments" in done.stdout
    for cue, true, own in zip(read(out), read(SAMPLES / "rights.en.srt"), read(TRACK), strict=True):
        assert abs(cue.start - true.start) <= 10 * FLICKS_PER_MS
        assert cue.text == own.text
    body = json.loads(report.read_text())
    assert (body["related"], len(body["cues"]), len(body["segments"])) == (True, 25, 2)


_WATCHED = """
import sys

class Depth:
    def find_spec(self, name, *_):
        if name == "numpy":
            frame = sys._getframe()
            while frame := frame.f_back:
                calls.append(frame)

calls = []
sys.meta_path.insert(0, Depth())
from workflow.cli import main
main()
print(len(calls), *sys.modules)
"""


def test_a_short_command_loads_little_and_numpy_while_few_calls_are_open(tmp_path: Path) -> None:
    """A third of the time of subtitles laid on subtitles is what they load; see workflow/cli/align.py."""
    files = [TRACK, "--reference", SAMPLES / "rights.en.srt", "-o", tmp_path / "out.srt"]
    done = subprocess.run(
        [sys.executable, "-c", _WATCHED, "align", "subtitles", *map(str, files)],
        capture_output=True,
        text=True,
        check=True,
    )
    calls, *loaded = done.stdout.splitlines()[-1].split()
    assert int(calls) < 24  # 17, and numpy stays within one block of calls to some 30
    parts = {name for module in loaded for name in (module, module.partition(".")[0])}
    assert not parts & {
        *("numpy.fft", "numpy.ma", "numpy.polynomial", "numpy.random"),
        *("asyncio", "email", "hashlib", "logging", "random", "shutil", "socket", "subprocess"),
        *(
            "av",
            "importlib.metadata",
            "pathlib",
            "pysubs2",
            "tempfile",
            "threadpoolctl",
            "traceback",
        ),
        *("workflow.align.speech", "workflow.align.to_speech", "workflow.align.voice"),
        *("workflow.media", "workflow.tracks.formats.ttml", "workflow.tracks.formats.vtt"),
    }


def test_a_film_is_a_reference_and_its_frames_are_the_grid(tmp_path: Path) -> None:
    out = tmp_path / "out.srt"
    done = terjime(TRACK, "--reference", SAMPLES / "rights.mp4", "-o", out, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["method"] == "speech"
    for cue, true in zip(read(out), read(SAMPLES / "rights.en.srt"), strict=True):
        assert abs(cue.start - true.start) <= 40 * FLICKS_PER_MS
        assert abs(cue.end - true.end) <= 40 * FLICKS_PER_MS


def test_a_file_of_another_film_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    other, out = tmp_path / "other.srt", tmp_path / "out.srt"
    times = [(3 * i, 3 * i + 1 + i % 2) for i in range(1, 19)]
    other.write_text(
        "\n".join(
            f"{i}\n00:00:{s:02d},000 --> 00:00:{e:02d},500\nLine\n"
            for i, (s, e) in enumerate(times, 1)
        )
    )
    done = terjime(TRACK, "--reference", other, "-o", out, "--json")
    assert done.returncode == 3
    assert json.loads(done.stdout)["error"]["code"] == "UNRELATED"
    assert not out.exists()
    assert terjime(TRACK, "--reference", other, "-o", out, "--force").returncode == 0
    assert len(read(out)) == 25


def test_a_reference_that_is_neither_subtitles_nor_media_is_refused(tmp_path: Path) -> None:
    for data in (b"", b"hello", b"\0\1\2\3" * 100):
        wrong = tmp_path / "wrong"
        wrong.write_bytes(data)
        done = terjime(TRACK, "--reference", wrong, "-o", tmp_path / "out.srt")
        assert done.returncode == 3
        assert len(done.stderr.strip().splitlines()) == 1
        assert "Traceback" not in done.stderr


def test_a_wrong_frame_rate_is_wrong_usage(tmp_path: Path) -> None:
    done = terjime(TRACK, "--reference", TRACK, "-o", tmp_path / "o.srt", "--fps", "fast")
    assert done.returncode == 2
