"""Decoded frames of the mezzanine with the cues drawn in, as ffmpeg hands them over.

ffmpeg writes raw pictures into a named pipe; the reader fills one frame again and again. Nothing of a
film lies on the disk in between.
"""

from __future__ import annotations

import fcntl
import os
import select
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import av
import numpy as np

_PIPE_BYTES = (
    1 << 20
)  # the most that Linux gives a user; the default of 64 KiB costs a switch for each
_F_SETPIPE_SZ = 1031  # linux/fcntl.h; Python names it from 3.10 on, on Linux only
_LOOK_MS = 200


class FramePipe:
    """A named pipe in *folder* that ffmpeg is told to write yuv420p pictures of *size* into.

    Open it before ffmpeg starts. `frames` yields the same frame object each time, filled anew.
    """

    def __init__(self, folder: Path, size: tuple[int, int]) -> None:
        self.path = folder / "frames.yuv"
        self._writer_ended = threading.Event()
        os.mkfifo(self.path)
        self._reader = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)
        with suppress(OSError):
            fcntl.fcntl(self._reader, _F_SETPIPE_SZ, _PIPE_BYTES)
        self._frame: Any = av.VideoFrame(size[0], size[1], "yuv420p")
        self._planes = [_Plane(plane) for plane in self._frame.planes]

    def writer_has_ended(self) -> None:
        """ffmpeg is gone: when the pipe is empty, no more will come."""
        self._writer_ended.set()

    def frames(self) -> Iterator[Any]:
        """Frames until the writer closes the pipe. A last one that is not whole is left out."""
        if not self._someone_writes():
            return
        os.set_blocking(self._reader, True)
        while all(self._fill(plane) for plane in self._planes):
            yield self._frame

    def close(self) -> None:
        """ffmpeg gets a broken pipe if it still writes. Closing twice is no harm."""
        if self._reader >= 0:
            os.close(self._reader)
            self._reader = -1

    def _someone_writes(self) -> bool:
        """Wait for the first byte; False if ffmpeg ended without one."""
        poll = select.poll()
        poll.register(self._reader, select.POLLIN)
        while True:
            ended = self._writer_ended.is_set()
            events = poll.poll(0 if ended else _LOOK_MS)
            if events and events[0][1] & select.POLLIN:
                return True
            if events or ended:
                return False

    def _fill(self, plane: _Plane) -> bool:
        at = 0
        while at < len(plane.wanted):
            got = os.readv(self._reader, [plane.wanted[at:]])
            if not got:
                return False
            at += got
        plane.lay()
        return True


class _Plane:
    """One plane of the frame; `wanted` is where its bytes go, which `lay` brings into its rows."""

    def __init__(self, plane: Any) -> None:
        width, height, stride = plane.width, plane.height, plane.line_size
        rows = np.frombuffer(plane, np.uint8)[: stride * height].reshape(height, stride)
        self._rows = rows[:, :width]
        self._loose = None if stride == width else np.empty((height, width), np.uint8)
        target: Any = rows if self._loose is None else self._loose
        self.wanted = memoryview(target).cast("B")

    def lay(self) -> None:
        if self._loose is not None:
            self._rows[:] = self._loose
