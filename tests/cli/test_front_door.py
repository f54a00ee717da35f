"""Exit statuses and one-line refusals of the command line."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

from workflow.cli import COMMANDS


def terjime(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "workflow.cli", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=os.environ | env,
    )


def test_every_command_of_the_front_door_exists() -> None:
    for command in COMMANDS:
        assert terjime(command, "--help").returncode == 0, command


def test_wrong_usage_is_2_and_says_how() -> None:
    run = terjime("nonsense")
    assert run.returncode == 2
    assert "No such command" in run.stderr


def test_a_taken_port_is_one_line_and_5(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        run = terjime("up", "--data", str(tmp_path), "--port", port)
    assert run.returncode == 5
    assert run.stderr.startswith("terjime: PORT_TAKEN")
    assert len(run.stderr.strip().splitlines()) == 1


def test_a_house_that_is_not_there_is_3(tmp_path: Path) -> None:
    run = terjime("users", "list", "--data", str(tmp_path), "--json")
    assert run.returncode == 3
    assert json.loads(run.stdout)["error"]["code"] == "NO_HOUSE"


def test_a_missing_file_is_one_line_without_a_traceback(tmp_path: Path) -> None:
    run = terjime("media", "probe", str(tmp_path / "none.mp4"), "--json")
    assert run.returncode in {2, 3}
    assert "Traceback" not in run.stderr
