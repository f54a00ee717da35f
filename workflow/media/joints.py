"""Recordings that lie one behind the other in one transport stream, put on one clock.

A camera that begins a new file every few minutes, or `cat a.ts b.ts`, makes such a stream: its time jumps back
to where each recording began. Players go on from there, and so do we: what jumps is moved to where the part
before it has ended, by the same shift in picture and sound. (ffmpeg's program does this with
`dts_delta_threshold`, one shift for all streams; a late packet of the old part makes it jump to and fro.)
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av

from workflow.errors import BadInput
from workflow.media.opened import opened
from workflow.media.process import GIB, Limits, python_environment, run_confined
from workflow.progress import Watch, unwatched

TICKS = 90_000  # a second of a transport stream
_MOST_BACK_TICKS = TICKS // 2  # that a packet may be late
_MOST_JOINTS = 1000


@dataclass(slots=True)
class OneClock:
    """What to add to the time stamps of each part so that it follows the one before. Ticks of one clock."""

    shifts: list[int] = field(default_factory=lambda: [0])  # of each part
    _end: int | None = None  # of all that came, on the one clock
    _part: dict[int, int] = field(default_factory=dict)  # in which each stream is
    _last: dict[int, int] = field(
        default_factory=dict
    )  # decoding time of each stream's latest packet

    @property
    def joints(self) -> int:
        return len(self.shifts) - 1

    def shift(self, stream: int, decoded: int | None, shown: int, lasts: int) -> int:
        """Ticks to add to a packet's stamps. Packets come in the file's order.

        Raises BadInput CLOCK_JUMPS for a stream that does nothing but jump.
        """
        part = self._part.get(stream, self.joints)
        if decoded is not None:
            if self._last.get(stream, decoded) - decoded > _MOST_BACK_TICKS:
                part += 1
                if part == len(self.shifts):
                    self.shifts.append((self._end or 0) - shown)
            self._last[stream] = decoded
        if self.joints > _MOST_JOINTS:
            raise BadInput(
                "CLOCK_JUMPS",
                f"The file's clock jumps back more than {_MOST_JOINTS} times.",
                advice="Join the recordings in a video editor, or upload each as a film of its own.",
            )
        self._part[stream] = part
        end = shown + self.shifts[part] + lasts
        self._end = end if self._end is None else max(self._end, end)
        return self.shifts[part]


def join_recordings(source: Path, picture: int, out: Path, *, watch: Watch = unwatched) -> None:
    """Write a transport stream to another one, *out*, on one clock; nothing is encoded.

    picture  index of the one that is kept, with every sound

    Raises BadInput CLOCK_JUMPS if that cannot be done: streams that appear on the way, say.
    """
    size, place = max(1, source.stat().st_size), 0

    def hear(key: bytes, value: bytes) -> None:
        nonlocal place
        if key == b"place":
            place = int(value)

    asked = {"source": str(source.absolute()), "picture": picture, "out": str(out.absolute())}
    ended = run_confined(
        [sys.executable, "-m", "workflow.media.joints"],
        limits=Limits(memory_bytes=GIB),
        stall_seconds=180,
        hear=hear,
        look=lambda: watch(min(1000, place * 1000 // size), "Copying the film"),
        given=json.dumps(asked).encode(),
        environment=python_environment(),
    )
    if ended.status:
        out.unlink(missing_ok=True)
        raise BadInput(
            "CLOCK_JUMPS",
            "The file is several recordings in one, and they cannot be put on one clock.",
            advice="Join them in a video editor, or upload each as a film of its own.",
            details={"said": ended.said},
        )


def main() -> None:
    """The program: what `join_recordings` asks on standard input; lines ``place=bytes`` out."""
    asked = json.load(sys.stdin)
    clock = OneClock()
    decoded: dict[int, int] = {}
    with (
        opened(Path(asked["source"]), "mpegts") as media,
        av.open(asked["out"], "w", format="mpegts", options={"fflags": "+bitexact"}) as made,
    ):
        chosen = [media.streams[asked["picture"]], *media.streams.audio]
        copies: dict[int, Any] = {}
        for stream in chosen:
            copies[stream.index] = copy = made.add_stream_from_template(stream)
            copy.time_base = stream.time_base
            if stream.language:
                copy.metadata["language"] = stream.language
        for count, packet in enumerate(media.demux(chosen)):
            if not packet.size or packet.pts is None:
                continue
            index = packet.stream_index
            more = clock.shift(index, packet.dts, packet.pts, packet.duration or 0)
            when = (packet.pts if packet.dts is None else packet.dts) + more
            # Pictures are decoded before they are shown: the first of a part may be due before the last of the other.
            decoded[index] = when = max(when, decoded.get(index, when - 1) + 1)
            packet.pts, packet.dts = max(packet.pts + more, when), when
            if count % 500 == 0 and packet.pos:
                print(f"place={packet.pos}", flush=True)
            packet.stream = copies[index]
            made.mux(packet)


if __name__ == "__main__":
    main()
