"""Copying a picture that is fit already into the shape of a mezzanine, by a process of its own.

Its packets stay as they are; each gets the exact time of its frame, from 0 on. (ffmpeg's `setts` could do
it, but the program ignores the filter's time base: in Matroska's milliseconds no frame of 23.976 is exact.)
"""

from __future__ import annotations

import json
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from workflow.errors import ToolFailed
from workflow.media.examine import Picture
from workflow.media.opened import opened
from workflow.media.process import GIB, Limits, python_environment, run_confined
from workflow.progress import Watch, unwatched


def copy_picture(
    source: Path,
    container: str,
    picture: Picture,
    rate: Fraction,
    scale: int,
    out: Path,
    *,
    watch: Watch = unwatched,
) -> None:
    """Write the *picture* of *source* to the MP4 *out*, frame n at n/rate, in ticks of 1/scale s.

    Raises ToolFailed FFMPEG_FAILED.
    """
    assert picture.copyable is not None  # noqa: S101  the caller has looked
    asked = {
        "source": str(source.absolute()),
        "container": container,
        "index": picture.index,
        "delay": picture.copyable.delay,
        "rate": [rate.numerator, rate.denominator],
        "scale": scale,
        "out": str(out.absolute()),
    }
    permille = 0

    def hear(key: bytes, value: bytes) -> None:
        nonlocal permille
        if key == b"copied":
            permille = min(1000, int(value) * 1000 // max(1, picture.frames))

    ended = run_confined(
        [sys.executable, "-m", "workflow.media.remux"],
        limits=Limits(memory_bytes=GIB),
        stall_seconds=180,
        hear=hear,
        look=lambda: watch(permille, "Copying the film"),
        given=json.dumps(asked).encode(),
        environment=python_environment(),
    )
    if ended.status:
        raise ToolFailed(
            "FFMPEG_FAILED",
            "The picture could not be copied.",
            details={"status": ended.status, "said": ended.said},
        )


def main() -> None:
    """The program: what `copy_picture` asks on standard input; lines ``copied=frames`` out."""
    asked = json.load(sys.stdin)
    rate, scale = Fraction(*asked["rate"]), asked["scale"]
    step = int(scale / rate)
    with (
        opened(Path(asked["source"]), asked["container"]) as media,
        av.open(
            asked["out"],
            "w",
            format="mp4",
            options={
                "movflags": "faststart",
                "fflags": "+bitexact",
                "video_track_timescale": str(scale),
            },
        ) as made,
    ):
        stream = media.streams[asked["index"]]
        copy: Any = made.add_stream_from_template(stream)
        copy.time_base = Fraction(1, scale)
        copy.metadata.clear()
        first, count = None, 0
        for packet in media.demux(stream):
            if not packet.size:
                continue
            first = packet.pts if first is None else first
            frame = round((packet.pts - first) * packet.time_base * rate)
            packet.stream, packet.time_base = copy, Fraction(1, scale)
            packet.pts, packet.dts = frame * step, (count - asked["delay"]) * step
            packet.duration = step
            made.mux(packet)
            count += 1
            if count % 500 == 0:
                print(f"copied={count}", flush=True)


if __name__ == "__main__":
    main()
