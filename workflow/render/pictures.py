"""The frames of a stretch of film with the captions drawn in.

All in the calling thread but for what ffmpeg draws, which is little: a lone worker takes one core and
no more, so a second one makes a render nearly twice as fast.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from av.video.reformatter import VideoReformatter

from workflow.media.ffmpeg import input_options
from workflow.render.ass import note_letters
from workflow.render.looks import Drawn, Looks
from workflow.render.plan import RenderPlan, Segment, off_plan


@contextmanager
def drawn_frames(
    plan: RenderPlan,
    pieces: Sequence[Segment],
    mezzanine: Path,
    folder: Path,
    *,
    waiting: Callable[[], None] = lambda: None,
    ffmpeg: str = "",
    stall_seconds: float = 180,
) -> Iterator[Iterator[Any]]:
    """The frames of *pieces*, neighbours, as yuv420p in the plan's size: one frame object, filled anew each time.

    folder, waiting, stall_seconds  see `Looks`

    After the last frame everything is known to have ended well. Raises ToolFailed OUTPUT_INVALID if the
    mezzanine's frames are not those of the plan, and what `Looks` raises.
    """
    frame = av.VideoFrame(*plan.size, "yuv420p")
    planes = _planes(frame)

    looks = partial(Looks, plan, waiting=waiting, ffmpeg=ffmpeg, stall_seconds=stall_seconds)

    def frames(captions: Looks, clock: Looks) -> Iterator[Any]:
        for film, *drawn in zip(
            _film_frames(plan, pieces, mezzanine), captions.frames(), clock.frames(), strict=True
        ):
            for plane, own in zip(_planes(film), planes, strict=True):
                own[:] = plane
            for look in filter(None, drawn):
                look.lay_over(planes)
            yield frame

    # The clock changes with every frame and is small: it must not make all else be drawn again.
    with (
        looks(_captions(pieces), (0, 0, *plan.size), folder / "captions") as captions,
        looks(_clock(plan, pieces), _corner(plan.size), folder / "clock") as clock,
    ):
        yield frames(captions, clock)


def _captions(pieces: Sequence[Segment]) -> Iterator[tuple[Drawn, ...]]:
    for piece in pieces:
        for frame in range(piece.frames):
            yield tuple(
                (c.position, c.text, c.style) for c in piece.captions if c.first <= frame < c.end
            )


def _clock(plan: RenderPlan, pieces: Sequence[Segment]) -> Iterator[tuple[Drawn, ...]]:
    grid = plan.film.grid
    for piece in pieces:
        for frame in range(piece.first, piece.end):
            yield ((9, grid.timecode(grid.time_of(frame)), "note"),) if piece.clock else ()


def _corner(size: tuple[int, int]) -> tuple[int, int, int, int]:
    """The window of the clock: one line at the top right."""
    letters = note_letters(size)
    width, height = min(size[0], 10 * letters) // 2 * 2, min(size[1], 3 * letters) // 2 * 2
    return size[0] - width, 0, width, height


def _film_frames(plan: RenderPlan, pieces: Sequence[Segment], mezzanine: Path) -> Iterator[Any]:
    """The film's own frames [first, end), in the plan's size."""
    first, end = pieces[0].first, pieces[-1].end
    scaled = VideoReformatter()
    number = first
    try:
        for found, frame in _decoded(mezzanine, plan, first, end):
            if frame.is_corrupt or found != number:
                raise off_plan(f"frame {number} of the film is damaged or not where it should be")
            yield scaled.reformat(
                frame, *plan.size, format="yuv420p", interpolation="BICUBIC", threads=1
            )
            number += 1
    except av.FFmpegError as error:
        raise off_plan(f"frame {number} of the film cannot be read ({error})") from error
    if number != end:
        raise off_plan(f"the film gave {number - first} of {end - first} frames")


def _decoded(mezzanine: Path, plan: RenderPlan, first: int, end: int) -> Iterator[tuple[int, Any]]:
    """The frames [first, end) as they come, each with its number in the film."""
    options = input_options("mp4")
    with av.open(str(mezzanine), format=options.pop("f"), options=options) as media:
        stream: Any = media.streams.video[0]
        stream.thread_type = "NONE"
        stream.codec_context.thread_count = 1
        frames_a_tick = plan.film.rate * stream.time_base
        media.seek(round(first / frames_a_tick), stream=stream)
        for packet in media.demux(stream):
            # Nothing after the last GOP is read: on a worker far from the store it may not be there.
            over = packet.pts is None or (
                packet.is_keyframe and round(packet.pts * frames_a_tick) >= end
            )
            for frame in stream.codec_context.decode(None if over else packet):
                if first <= (number := round(frame.pts * frames_a_tick)) < end:
                    yield number, frame
            if over:
                return


def _planes(frame: Any) -> list[npt.NDArray[np.uint8]]:
    """The samples of each plane (rows, columns), without the bytes at the end of its rows."""
    return [
        np.frombuffer(plane, np.uint8)[: plane.line_size * plane.height].reshape(
            plane.height, plane.line_size
        )[:, : plane.width]
        for plane in frame.planes
    ]
