"""The whole product as processes, in a folder of its own."""

from __future__ import annotations

import hashlib
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from workflow.cli.demo import a_house
from workflow.cli.sample import SAMPLE_PEOPLE, sample_file
from workflow.media.ffmpeg import find_ffmpeg

QUICK = {
    "TERJIME_LEASE_SECONDS": "6",
    "TERJIME_HEARTBEAT_SECONDS": "1",
    "TERJIME_SWEEP_SECONDS": "1",
}


@dataclass(frozen=True)
class Demo:
    output: str
    final: Path
    sha256: str
    subtitles: Path


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """`terjime demo` run once, exactly as a person runs it."""
    out = tmp_path_factory.mktemp("demo")
    run = subprocess.run(
        [sys.executable, "-m", "workflow.cli", "demo", "--out", str(out)],
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert run.returncode == 0, f"{run.stdout}\n{run.stderr[-4000:]}"
    final = Path(run.stdout.strip().splitlines()[-1])
    digest = hashlib.sha256(final.read_bytes()).hexdigest()
    assert f"SHA-256 {digest}" in run.stdout
    return Demo(run.stdout, final, digest, final.with_suffix(".srt"))


@dataclass(frozen=True)
class House:
    base: str
    data: Path
    passwords: dict[str, str]

    def pid(self, part: str) -> int:
        return int((self.data / "run" / f"{part}.pid").read_text())


@pytest.fixture
def running_house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """Everything started by `terjime up`, with leases short enough to test with."""
    for name, value in QUICK.items():
        monkeypatch.setenv(name, value)
    for name in [name for name in os.environ if name.startswith("TERJIME_")]:
        if name not in QUICK:
            monkeypatch.delenv(name)
    passwords = {email: secrets.token_urlsafe(12) for email in SAMPLE_PEOPLE}
    with a_house(tmp_path / "data", passwords) as base:
        yield House(base, tmp_path / "data", passwords)


@pytest.fixture(scope="session")
def samples() -> Path:
    return sample_file("rights.mp4").parent


@pytest.fixture(scope="session")
def short_samples(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first half-minute of the sample, under the same names: long enough to be hit in the middle."""
    short = tmp_path_factory.mktemp("short")
    film = ["-i", str(samples / "rights.mp4"), "-t", "30", "-c", "copy", str(short / "rights.mp4")]
    subprocess.run([find_ffmpeg(), "-v", "error", *film], check=True)
    for name in ("rights.en.srt", "rights.tk.unaligned.srt"):
        cues = (samples / name).read_text(encoding="utf-8").strip().split("\n\n")
        (short / name).write_text("\n\n".join(cues[:10]) + "\n", encoding="utf-8")
    return short
