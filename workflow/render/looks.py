"""Captions of a stretch of film as libass draws them, once for each change of what is on screen.

libass lives in ffmpeg. It draws every look twice, on black and on white; from the two follows for each
sample how much light the captions add and how much of the film they let through (triangulation
matting, Smith and Blinn 1996), whatever is transparent and whatever lies over what.
"""

from __future__ import annotations

import fcntl
import itertools
import math
import os
import select
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import numpy.typing as npt

from workflow.errors import Cancelled
from workflow.media.ffmpeg import run_ffmpeg
from workflow.media.process import stalled
from workflow.render.ass import DRAWN_AT_MS, MS_PER_FRAME, Caption, document, frame_clock
from workflow.render.plan import RenderPlan, off_plan
from workflow.render.typeface import FONTS_DIR, use_only_our_fonts

Plane = npt.NDArray[np.uint8]
Drawn = tuple[int, str, str]  # place, text, style

_PIPE_BYTES = 1 << 20  # the most that Linux gives a user
_F_SETPIPE_SZ = 1031  # linux/fcntl.h; Python names it from 3.10 on, on Linux only
_LOOK_MS = 200
_WHOLE = 255  # all of the film passes
_ROWS = 64


class Look:
    """What the captions do to a picture: `lay_over` changes its planes where something is drawn."""

    def __init__(self, bands: Sequence[Sequence[_Band]]) -> None:
        self._bands = bands  # of each plane

    def lay_over(self, planes: Sequence[Plane]) -> None:
        for plane, bands in zip(planes, self._bands, strict=True):
            for band in bands:
                band.lay_over(plane)


class _Band:
    """Some rows of one plane on which something is drawn: light + film x through / 255, rounded.

    The 255ths are taken as 256ths, 128 and more one higher, so that 0 and 255 stay exact and no sum
    passes 16 bits.
    """

    def __init__(self, place: tuple[slice, slice], light: Plane, through: Plane) -> None:
        self._place = place
        self._light = (light.astype(np.uint16) << 8) + 128
        self._through = through + (through >> 7).astype(np.uint16)
        self._sum = np.empty_like(self._light)

    def lay_over(self, plane: Plane) -> None:
        film = plane[self._place]
        np.multiply(film, self._through, out=self._sum)
        self._sum += self._light
        self._sum >>= 8
        film[:] = self._sum


def _bands(black: Plane, white: Plane, row: int, column: int) -> Iterator[_Band]:
    """Rows that follow each other and have something drawn on them, each from its first column to its last.

    row, column  where the plane's first sample is in the picture's plane
    """
    through = white - black
    ink = (through != _WHOLE) | (black != 0)
    for top, bottom in _stretches(ink.any(axis=1)):
        columns = np.flatnonzero(ink[top:bottom].any(axis=0))
        left, right = int(columns[0]), int(columns[-1]) + 1
        place = slice(row + top, row + bottom), slice(column + left, column + right)
        yield _Band(place, black[top:bottom, left:right], through[top:bottom, left:right])


def _stretches(flags: npt.NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    padded = np.zeros(len(flags) + 2, np.bool_)
    padded[1:-1] = flags
    edges = np.flatnonzero(padded[1:] != padded[:-1]).tolist()
    yield from zip(edges[::2], edges[1::2], strict=True)


class Looks:
    """The look of every frame, from an ffmpeg that runs beside.

    on_screen      for each frame: (place, text, style) of what is drawn on it
    window         (left, top, width, height), all even, of the picture in which all of it lies
    folder         for the script, the fonts and the pipe; made here
    waiting        called several times a second while a look is waited for; what it raises passes
    stall_seconds  that a look may be waited for

    Use it as a context. Where nothing is drawn, no ffmpeg is started.
    """

    def __init__(
        self,
        plan: RenderPlan,
        on_screen: Iterable[tuple[Drawn, ...]],
        window: tuple[int, int, int, int],
        folder: Path,
        *,
        waiting: Callable[[], None],
        ffmpeg: str = "",
        stall_seconds: float = 180,
    ) -> None:
        self._plan, self._window = plan, window
        self._folder, self._ffmpeg = folder, ffmpeg
        self._waiting, self._stall_seconds = waiting, stall_seconds
        self._shown = [(shown, len(list(frames))) for shown, frames in itertools.groupby(on_screen)]
        self._drawn = [shown for shown, _ in self._shown if shown]
        self._pipe = _Pipe(folder / "looks.yuv")
        self._abandoned = False
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._draw, name="captions", daemon=True)

    def __enter__(self) -> Looks:
        if self._drawn:
            self._folder.mkdir()
            self._write_script()
            self._pipe.open()
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._drawn:
            self._abandoned = True  # where not all looks were asked for
            self._pipe.close()  # an ffmpeg that still writes gets a broken pipe instead of waiting for ever
            self._thread.join()

    def frames(self) -> Iterator[Look | None]:
        """The look of each frame; None where nothing is drawn.

        Raises what `run_ffmpeg` does; ToolFailed OUTPUT_INVALID if ffmpeg gave other pictures than asked.
        """
        for shown, frames in self._shown:
            yield from itertools.repeat(self._next() if shown else None, frames)
        if self._drawn:
            if self._fill(np.empty(1, np.uint8)):
                raise off_plan("ffmpeg drew more pictures of the captions than asked for")
            self._raise_what_went_wrong()

    def _next(self) -> Look:
        """Read some rows at a time: a whole picture is large, and what is drawn on it small."""
        planes: list[list[_Band]] = []
        for left, first, width, height in _in_planes(self._window):
            planes.append([])
            for top in range(0, height, _ROWS):
                both = np.empty((min(_ROWS, height - top), 2, width), np.uint8)
                if not self._fill(both):
                    self._raise_what_went_wrong()
                    raise off_plan("ffmpeg drew fewer pictures of the captions than asked for")
                black, white = both[:, 0], both[:, 1]
                # No colour of video is 0, so on white something is left even where nothing shines through.
                if np.any(white < black) or not np.all(white):
                    raise off_plan("ffmpeg drew something else than the captions")
                planes[-1] += _bands(black, white, first + top, left)
        return Look(planes)

    def _fill(self, plane: npt.NDArray[np.uint8]) -> bool:
        return self._pipe.fill(plane.data.cast("B"), self._thread.is_alive, self._waiting)

    def _raise_what_went_wrong(self) -> None:
        self._thread.join()
        if self._error:
            raise self._error

    def _write_script(self) -> None:
        captions = [
            Caption(number, number + 1, position, text, style)
            for number, shown in enumerate(self._drawn)
            for position, text, style in shown
        ]
        recipe = self._plan.recipe
        script = document(captions, self._plan.size, recipe.style, frame_clock, recipe.second)
        (self._folder / "cues.ass").write_text(script, encoding="utf-8")
        (self._folder / "fonts").symlink_to(FONTS_DIR, target_is_directory=True)
        use_only_our_fonts()

    def _draw(self) -> None:
        """On a thread of its own: what is drawn waits in the pipe until its frame comes."""
        width, height = self._plan.size
        left, top, wide, high = self._window
        drawn = [
            "format=yuv420p,lutyuv=y=0:u=0:v=0",
            "lutyuv=y=255:u=255:v=255:enable='mod(n,2)'",
            "loop=loop=-1:size=2",  # the two are painted once, not for each look
            "setparams=range=tv:colorspace=bt709:color_primaries=bt709:color_trc=bt709",
            "settb=1/1000",
            f"setpts=floor(N/2)*{MS_PER_FRAME}+{DRAWN_AT_MS}",
            "ass=filename=cues.ass:fontsdir=fonts",
            f"crop={wide}:{high}:{left}:{top}",
            "tile=2x1",  # black beside white
        ]
        try:
            run_ffmpeg(
                [
                    *("-f", "lavfi", "-i", f"color=c=black:s={width}x{height}:r=10:d=0.2"),
                    *("-filter_threads", "1", "-vf", ",".join(drawn), "-fps_mode", "passthrough"),
                    *("-frames:v", str(len(self._drawn)), "-c:v", "rawvideo", "-threads", "1"),
                    *("-f", "rawvideo", "-y", f"file:{self._pipe.path}"),
                ],
                watch=self._watch,
                ffmpeg=self._ffmpeg,
                stall_seconds=math.inf,  # it waits for the pipe to empty, for as long as the encoder takes
                cwd=self._folder,
            )
        except BaseException as error:
            self._error = error

    def _watch(self, permille: int, doing: str) -> None:
        if self._abandoned:
            raise Cancelled("CANCELLED", "The pictures are not wanted any more.")
        if self._pipe.waited_seconds() > self._stall_seconds:
            raise stalled(self._stall_seconds)


def _in_planes(window: tuple[int, int, int, int]) -> list[tuple[int, int, int, int]]:
    """The window in each plane of yuv420p."""
    left, top, width, height = window
    half = (left // 2, top // 2, -(-width // 2), -(-height // 2))
    return [window, half, half]


class _Pipe:
    """A named pipe that another program writes into."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._reader = -1
        self._waits_since: float | None = None

    def open(self) -> None:
        os.mkfifo(self.path)
        self._reader = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)
        with suppress(OSError):
            fcntl.fcntl(self._reader, _F_SETPIPE_SZ, _PIPE_BYTES)
        self._poll = select.poll()
        self._poll.register(self._reader, select.POLLIN)

    def fill(
        self, wanted: memoryview, writer_runs: Callable[[], bool], waiting: Callable[[], None]
    ) -> bool:
        """Read until *wanted* is full; False if the writer ended before."""
        at = 0
        while at < len(wanted):
            if not self._has_some(writer_runs, waiting):
                return False
            if not (got := os.readv(self._reader, [wanted[at:]])):
                return False
            at += got
        return True

    def waited_seconds(self) -> float:
        """Since when the reader has waited for a byte; 0 if it does not."""
        since = self._waits_since
        return 0 if since is None else time.monotonic() - since

    def close(self) -> None:
        """A program that still writes gets a broken pipe."""
        os.close(self._reader)

    def _has_some(self, writer_runs: Callable[[], bool], waiting: Callable[[], None]) -> bool:
        try:
            while True:
                runs = writer_runs()
                events = self._poll.poll(_LOOK_MS if runs else 0)
                if events:
                    return bool(events[0][1] & select.POLLIN)
                if not runs:
                    return False
                self._waits_since = self._waits_since or time.monotonic()
                waiting()
        finally:
            self._waits_since = None
