"""What an MP4 that we wrote ourselves really contains: the evidence that an exit status is not."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from workflow.errors import ToolFailed
from workflow.media.container import index_comes_first
from workflow.progress import Watch, unwatched


@dataclass(frozen=True, slots=True)
class PictureMeasure:
    """Measures of the picture of an MP4.

    rate         exact, if every frame n is shown at n/rate; 0 if the frames are not evenly spaced from 0
    key_frames   numbers of the frames that decoding can start at, in the order shown
    index_first  a browser can begin before it has the whole file
    ends_well    every frame after the last key frame decodes
    """

    codec: str
    pixels: str
    width: int
    height: int
    frames: int
    rate: Fraction
    key_frames: tuple[int, ...]
    index_first: bool
    ends_well: bool


def measure_picture(path: Path, *, watch: Watch = unwatched) -> PictureMeasure:
    """Measure the first video stream of *path*. Raises ToolFailed OUTPUT_INVALID if there is none to read."""
    try:
        with av.open(str(path), format="mov") as media:
            stream: Any = media.streams.video[0]
            shown = _packet_times(media, stream, watch)
            frames, rate = len(shown), _exact_rate(shown, stream.time_base)
            keys = tuple(int(n) for n in np.flatnonzero([key for _, key in shown]))
            tail = frames - keys[-1] if keys else 0
            context = stream.codec_context
            return PictureMeasure(
                codec=context.name,
                pixels=context.pix_fmt or "",
                width=context.width,
                height=context.height,
                frames=frames,
                rate=rate,
                key_frames=keys,
                index_first=index_comes_first(path),
                ends_well=bool(keys) and _decodes(media, stream, shown[keys[-1]][0], tail),
            )
    except (av.FFmpegError, OSError, IndexError) as error:
        raise ToolFailed(
            "OUTPUT_INVALID",
            "The film that was written cannot be read.",
            details={"said": str(error)},
        ) from error


def _packet_times(media: Any, stream: Any, watch: Watch) -> list[tuple[int, bool]]:
    """Time stamp of every frame in ticks, in the order shown, and whether it is a key frame."""
    shown = []
    for packet in media.demux(stream):
        if packet.size and packet.pts is not None:
            shown.append((packet.pts, packet.is_keyframe))
            if len(shown) % 20_000 == 0:
                watch(0, "Checking the working copy")
    return sorted(shown)


def _exact_rate(shown: list[tuple[int, bool]], time_base: Fraction) -> Fraction:
    if len(shown) < 2:
        return 1 / time_base if not shown else Fraction(0)
    step = shown[1][0]
    even = step > 0 and all(pts == number * step for number, (pts, _) in enumerate(shown))
    return 1 / (step * time_base) if even else Fraction(0)


def _decodes(media: Any, stream: Any, start: int, frames: int) -> bool:
    media.seek(start, stream=stream)
    return sum(1 for frame in media.decode(stream) if frame.pts >= start) == frames
