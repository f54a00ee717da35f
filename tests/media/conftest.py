"""Real films of a second or two, made by the real ffmpeg; and a file that tells whether it was opened."""

from __future__ import annotations

import ctypes
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from workflow.media.ffmpeg import find_ffmpeg

MakeClip = Callable[..., Path]
IN_ACCESS, IN_OPEN = 0x1, 0x20


def ffmpeg(*arguments: str | Path) -> None:
    """The bare binary, as a user's own machine would run it."""
    command = [find_ffmpeg(), "-nostdin", "-v", "error", "-y", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def own_children() -> Callable[[], list[psutil.Process]]:
    """The processes started since the test began. Servers of other tests in this process are not its children."""
    before = set(psutil.Process().children())
    return lambda: [child for child in psutil.Process().children() if child not in before]


@pytest.fixture(scope="session")
def make_clip(tmp_path_factory: pytest.TempPathFactory) -> MakeClip:
    """``make_clip("a.mkv", *arguments)``: a file made by ffmpeg, once per session for the same arguments."""
    made: dict[tuple[str, ...], Path] = {}

    def make(name: str, *arguments: str | Path) -> Path:
        key = (name, *map(str, arguments))
        if key not in made:
            path = tmp_path_factory.mktemp("clip") / name
            ffmpeg(*arguments, f"file:{path}")
            made[key] = path
        return made[key]

    return make


@pytest.fixture(scope="session")
def film(make_clip: MakeClip) -> Path:
    """Two seconds, 25 frames a second, 320x240, with a tone."""
    return make_clip(
        "film.mp4",
        *("-f", "lavfi", "-i", "testsrc=s=320x240:r=25:d=2"),
        *("-f", "lavfi", "-i", "sine=440:r=48000:d=2"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac"),
    )


class Canary:
    """A file that nobody may open; the kernel (inotify) tells whether somebody did."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor = self._libc.inotify_init1(os.O_NONBLOCK)
        self._libc.inotify_add_watch(self._descriptor, os.fsencode(path), IN_ACCESS | IN_OPEN)

    def was_opened(self) -> bool:
        try:
            return bool(os.read(self._descriptor, 4096))
        except BlockingIOError:
            return False

    def close(self) -> None:
        os.close(self._descriptor)


@pytest.fixture
def canary(tmp_path: Path, film: Path) -> Iterator[Canary]:
    """A real film beside the upload, so that a tool which follows a name would succeed."""
    path = tmp_path / "canary.mp4"
    path.write_bytes(film.read_bytes())
    watched = Canary(path)
    yield watched
    watched.close()
