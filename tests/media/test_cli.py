"""`terjime media probe`: the contract of its output and exit status."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest


def terjime(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    code = "from workflow.cli import main; main()"
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)


def test_probe_prints_one_json_object_and_nothing_else(film: Path) -> None:
    done = terjime("media", "probe", film, "--json")
    assert done.returncode == 0
    assert done.stderr == ""
    body = json.loads(done.stdout)
    assert list(body) == ["kind", "container", "duration", "start", "streams", "findings"]
    assert body["streams"][0]["frame_rate"] == [25, 1]


def test_probe_tells_a_person_in_lines(film: Path) -> None:
    done = terjime("media", "probe", film)
    assert done.stdout.splitlines() == [
        "film.mp4: video, mp4, 00:00:02.000",
        "  video: h264, 320x240, 25 frames a second, 50 frames",
        "  audio: aac, 48000 Hz, mono",
    ]


def test_a_refusal_is_one_line_an_object_and_status_3(tmp_path: Path) -> None:
    (tmp_path / "x.mp4").write_text("#EXTM3U\nfile:///etc/passwd\n")
    done = terjime("media", "probe", tmp_path / "x.mp4", "--json")
    assert done.returncode == 3
    error = json.loads(done.stdout)["error"]
    assert error["code"] == "NOT_A_VIDEO_CONTAINER"
    assert set(error) >= {"code", "message", "where", "advice"}
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("name", ["nothing.mp4", "folder"])
def test_a_file_that_is_not_there_or_is_none_ends_with_status_3(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    done = terjime("media", "probe", tmp_path / name)
    assert done.returncode == 3
    assert "Traceback" not in done.stderr


def test_46_a_file_that_is_called_like_an_option_is_probed(tmp_path: Path, film: Path) -> None:
    (tmp_path / "-i.mp4").write_bytes(film.read_bytes())
    done = terjime("media", "probe", "--json", "--", "-i.mp4", cwd=tmp_path)
    assert json.loads(done.stdout)["kind"] == "video"
