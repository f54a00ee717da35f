"""The packets of a film: when each is shown, whether all are whole, whether a picture can be copied."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import av

from workflow.errors import BadInput
from workflow.media import h264
from workflow.media.streams import Found, refuse_duration
from workflow.progress import Watch
from workflow.timebase import Flicks, clock, from_ticks

_MOST_BACK_SECONDS = Fraction(1, 2)  # that a packet may be late
_PACKETS_BEFORE_JOINT = 4
_MOST_FRAMES = 4 * 3600 * 120 + 1000
#: Profiles of H.264 that every browser plays and that have no more than 8 bits and 4:2:0.
_COPIED_PROFILES = frozenset(("Baseline", "Constrained Baseline", "Main", "High"))


@dataclass(slots=True)
class Tally:
    time_base: Fraction
    stamps: list[int] = field(default_factory=list)  # of shown packets, in ticks
    keys: list[int] = field(default_factory=list)  # of key frames, where in `stamps`
    end: int | None = None  # of the one that ends last
    decoded: int | None = None  # when the latest is, in ticks
    damaged: bool = False
    doubted: int | None = None  # how many packets ago the first that is not whole came
    shift: int = 0  # of its latest packet, in ticks
    copyable: bool = False  # as far as its packets show

    def add(self, stamp: int, duration: int) -> None:
        self.stamps.append(stamp)
        self.end = stamp + duration if self.end is None else max(self.end, stamp + duration)

    def look_whether_whole(self, *, corrupt: bool) -> None:
        """The last packets before a joint of two recordings look cut off, and are not: it is known only after it."""
        if self.doubted is not None:
            self.doubted += 1
            self.damaged |= self.doubted > _PACKETS_BEFORE_JOINT
        elif corrupt:
            self.doubted = 0

    def refuse_jump(self, decoded: int | None) -> None:
        """Recordings put one behind the other keep their own clocks; nothing could be timed to such a film."""
        if decoded is None:
            return
        last, self.decoded = self.decoded, decoded
        if last is not None and (last - decoded) * self.time_base > _MOST_BACK_SECONDS:
            raise BadInput(
                "CLOCK_JUMPS",
                f"The file's clock jumps back by {clock(from_ticks(last - decoded, self.time_base))}:"
                " it is several recordings in one.",
                where=clock(from_ticks(last, self.time_base)),
                advice="Join them in a video editor, or upload each as a film of its own.",
            )

    def span(self, *, fallback: Flicks) -> tuple[Flicks, Flicks]:
        """Start and end; the last packet lasts *fallback* if the file does not say how long."""
        last = max(self.stamps)
        ticks = last if self.end is None else max(self.end, last)
        end = from_ticks(ticks, self.time_base)
        return from_ticks(min(self.stamps), self.time_base), end if ticks > last else end + fallback


def read_packets(media: Any, found: Found, size: int, watch: Watch) -> dict[int, Tally]:
    """Time stamps of every packet of picture and sound. Damage in the middle ends the reading, not the probe."""
    streams = [*media.streams.video, *media.streams.audio]
    tallies = {stream.index: Tally(stream.time_base) for stream in streams}
    whole = _WholeFrames(found.picture) if found.picture else None
    count = 0
    try:
        for packet in all_packets(media, streams):
            count += 1
            if count % 20_000 == 0 and packet.pos:
                watch(min(999, packet.pos * 1000 // size), "Reading the file")
            stamp = packet.pts if found.dated and packet.pts is not None else packet.dts
            if whole and packet.stream_index == whole.index:
                whole.look_at(packet, tallies[whole.index])
            if stamp is None or not packet.size or packet.is_discard:
                continue
            tally = tallies[packet.stream_index]
            if not tally.stamps and packet.has_sidedata("encryption_info"):
                raise BadInput(
                    "ENCRYPTED",
                    "The film is encrypted.",
                    where=f"stream {packet.stream_index}",
                    advice="Ask its owner for a copy without copy protection.",
                )
            if found.clock:
                shift = found.clock.shift(
                    packet.stream_index, packet.dts, stamp, packet.duration or 0
                )
                if shift != tally.shift:
                    tally.shift, tally.doubted = shift, None
                stamp += shift
            else:
                tally.refuse_jump(packet.dts)
            tally.add(stamp, packet.duration or 0)
            tally.look_whether_whole(corrupt=packet.is_corrupt)
            if len(tally.stamps) > _MOST_FRAMES:
                refuse_duration(f"The file has more than {_MOST_FRAMES} frames")
    except av.FFmpegError:
        for tally in tallies.values():
            tally.damaged = True
    for tally in tallies.values():
        tally.damaged |= tally.doubted is not None
    if whole:
        tallies[whole.index].copyable = whole.holds
    return tallies


class _WholeFrames:
    """Whether the packets of a picture are H.264 frames that can be copied as they are.

    Every key frame must be an IDR picture, with no other parameter sets than the stream's: then nothing
    after it refers to anything before.
    """

    def __init__(self, picture: Any) -> None:
        context = picture.codec_context
        self.index = picture.index
        config = bytes(context.extradata or b"")
        self._prefix = h264.length_size(config)
        self._sets = h264.parameter_sets(config) if context.name == "h264" else frozenset()
        first = next((unit for unit in self._sets if unit[0] & 31 == h264.SPS), None)
        try:
            self.holds = bool(
                first and picture.profile in _COPIED_PROFILES and h264.codes_whole_frames(first)
            )
        except IndexError:
            self.holds = False

    def look_at(self, packet: Any, tally: Tally) -> None:
        if not self.holds or not packet.size:
            return
        if packet.pts is None or packet.is_discard or packet.is_corrupt:
            self.holds = False
        elif packet.is_keyframe:
            tally.keys.append(len(tally.stamps))
            units = list(h264.nal_units(bytes(packet), self._prefix))
            kinds = {unit[0] & 31 for unit in units if unit}
            own = {unit.rstrip(b"\0") for unit in units if h264.is_parameter_set(unit)}
            self.holds = h264.IDR in kinds and own <= self._sets


def all_packets(media: Any, streams: list[Any]) -> Iterator[Any]:
    """PyAV 18 stumbles over streams that appeared on the way, but only after the last packet."""
    with suppress(IndexError):
        yield from media.demux(streams)


def check_not_empty(found: Found, tallies: dict[int, Tally], *, cut: bool) -> None:
    stream = found.picture or found.sound
    if tallies[stream.index].stamps:
        return
    if cut:
        raise BadInput(
            "TRUNCATED",
            "The file stops before the first frame.",
            advice="Copy or export it again.",
        )
    raise BadInput("NO_STREAMS", "The file describes a film but holds none of it.")
