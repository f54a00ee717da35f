"""What a film or a recording holds: measured from its packets, not believed from its header.

The header of a truncated or odd file says what was hoped for. So every packet
is read (not decoded; an hour takes seconds), and only the first frames are
decoded, after the limits were checked. probe.py runs this as a program.
"""

from __future__ import annotations

import json
import math
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, NoReturn

import av
import numpy as np
from av.sidedata.sidedata import Type as SideDataType

from workflow.errors import BadInput
from workflow.language.codes import same_language
from workflow.media import h264, limits
from workflow.media.container import ends_early, open_regular, sniff
from workflow.media.facts import Finding, MediaFacts, Stream
from workflow.media.ffmpeg import DEMUXERS, INPUT_LIMITS
from workflow.media.joints import OneClock
from workflow.progress import Watch, unwatched
from workflow.timebase import (
    FLICKS_PER_SECOND,
    STANDARD_RATES,
    Flicks,
    clock,
    from_seconds,
    from_ticks,
    nominal_rate,
)

JOINED = "CLOCK_JUMPS"  # a finding: ingest puts the parts on one clock
#: Containers whose header states a duration; of the others libav only guesses it.
_DECLARING = frozenset(("mp4", "matroska", "avi", "wav", "flac"))
_HDR_TRANSFERS = frozenset((16, 18))  # PQ, HLG (ITU-T H.273)
_LOOKED_AT_FRAMES = 12  # enough to see whether fields are interlaced
_LOOKED_AT_PACKETS = 3000  # before giving up on a decodable frame
_MOST_BACK_SECONDS = Fraction(1, 2)  # that a packet may be late
_PACKETS_BEFORE_JOINT = 4
_MOST_FRAMES = 4 * 3600 * 120 + 1000
#: Profiles of H.264 that every browser plays and that have no more than 8 bits and 4:2:0.
_COPIED_PROFILES = frozenset(("Baseline", "Constrained Baseline", "Main", "High"))
_LONGEST_GOP_SECONDS = Fraction(5, 2)  # a change of one line costs the encoding of one GOP or two


@dataclass(frozen=True, slots=True)
class Copyable:
    """How a picture can be copied packet by packet instead of being encoded.

    starts  numbers of the frames at which decoding can begin, and before which it can end; the first is 0
    delay   frames by which decoding runs ahead of showing: packet n is decoded at n - delay
    """

    starts: tuple[int, ...]
    delay: int


@dataclass(frozen=True, slots=True)
class Picture:
    """The video stream that is used, as its frames come out of the decoder."""

    index: int  # of the stream in the file
    rate: Fraction  # average
    constant: bool  # every frame within a quarter of a frame of its place at `rate`
    frames: int
    start: Flicks  # of the first frame, on the file's clock
    end: Flicks
    width: int  # as coded: before rotation, aspect and padding
    height: int
    rotation: int  # clockwise, to be applied
    aspect: Fraction  # of one pixel, width to height
    interlaced: bool
    hdr: bool
    matrix: int  # ITU-T H.273; 2 is unspecified
    pixels: str  # pixel format
    mirrored: bool = False  # by the display matrix, beside the rotation
    copyable: Copyable | None = None  # None: it is to be encoded


@dataclass(frozen=True, slots=True)
class Sound:
    """The audio stream that is used.

    number  among those of the file that can be opened, from 0; what recipes and people count by
    """

    index: int
    start: Flicks  # of the first sample that is heard, on the file's clock
    end: Flicks
    sample_rate: int
    channels: int
    number: int = 0


@dataclass(frozen=True, slots=True)
class Examined:
    """All that ingest wants to know of a file."""

    facts: MediaFacts
    picture: Picture | None
    sound: Sound | None

    def to_json(self) -> dict[str, Any]:
        """Fractions as [num, den]."""
        return {
            "facts": self.facts.to_json(),
            "picture": self.picture and _plain(asdict(self.picture)),
            "sound": self.sound and asdict(self.sound),
        }

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> Examined:
        facts, picture, sound = body["facts"], body["picture"], body["sound"]
        streams = (
            Stream(**stream | {"frame_rate": rate and Fraction(*rate)})
            for stream in facts["streams"]
            for rate in [stream["frame_rate"]]
        )
        findings = (Finding(**finding) for finding in facts["findings"])
        if picture:
            ratios = {key: Fraction(*picture[key]) for key in ("rate", "aspect")}
            if copyable := picture["copyable"]:
                copyable = Copyable(tuple(copyable["starts"]), copyable["delay"])
            picture = Picture(**picture | ratios | {"copyable": copyable})
        return cls(
            MediaFacts(**facts | {"streams": tuple(streams), "findings": tuple(findings)}),
            picture,
            sound and Sound(**sound),
        )


def _plain(fields: dict[str, Any]) -> dict[str, Any]:
    return {
        key: [value.numerator, value.denominator] if isinstance(value, Fraction) else value
        for key, value in fields.items()
    }


def examine_here(
    path: Path,
    *,
    name: str = "",
    language: str = "",
    sound: int | None = None,
    watch: Watch = unwatched,
) -> Examined:
    """The measures of the file at *path*, in this process; *language* and *sound* as in `examine`.

    Raises BadInput as `probe` does, and OSError.
    """
    container = sniff(path, name=name)
    try:
        with opened(path, container) as media:
            found = _choose(media, language, sound)
            _check_before_decoding(media, found)
            tallies = _read_packets(media, found, path.stat().st_size, watch)
            cut = ends_early(path, container) or any(tally.damaged for tally in tallies.values())
            _check_not_empty(found, tallies, cut=cut)
            first = _decode_first(path, container, found)
            picture = heard = None
            if found.picture:
                picture = _measure_picture(found, tallies[found.picture.index], first)
            if found.sound:
                heard = _measure_sound(found, tallies[found.sound.index], first)
            facts = _facts(media, container, found, tallies, picture, heard, cut=cut)
    except (av.FFmpegError, ValueError, OverflowError, MemoryError) as error:
        raise BadInput(
            "UNREADABLE",
            f"The file begins like {container} but cannot be read as that.",
            advice="Check that it plays on your own machine; if it does, export it again as MP4.",
            details={"said": str(error)[:200]},
        ) from error
    return Examined(facts, picture, heard)


def _facts(
    media: Any,
    container: str,
    found: _Found,
    tallies: dict[int, _Tally],
    picture: Picture | None,
    sound: Sound | None,
    *,
    cut: bool,
) -> MediaFacts:
    used = [part for part in (picture, sound) if part]
    start = min(part.start for part in used)
    length = max(part.end for part in used) - start
    return MediaFacts(
        kind="video" if picture else "audio",
        container=container,
        duration=length,
        start=start,
        streams=_streams(found, picture, tallies, media),
        findings=(
            *found.findings,
            *_joint_findings(found),
            *_length_findings(container, media.duration, length, cut=cut),
            *(_picture_findings(picture) if picture else ()),
            *_sound_findings(found, picture, sound),
        ),
    )


# What is in the file, and which of it is used


@dataclass(slots=True)
class _Found:
    streams: list[Stream] = field(default_factory=list)
    indexes: list[int] = field(default_factory=list)  # of `streams` in the file
    picture: Any = None  # av.VideoStream
    sound: Any = None  # av.AudioStream
    number: int = 0  # of the sound
    dated: bool = True  # AVI says of its pictures only in which order they are stored, not when they are shown
    clock: OneClock | None = None  # of a transport stream, whose parts may each have their own
    findings: list[Finding] = field(default_factory=list)


@contextmanager
def opened(path: Path, container: str) -> Iterator[Any]:
    """The file as *container*; libav gets an open file and no way to open another one."""
    with (
        open_regular(path) as file,
        av.open(
            file,
            format=DEMUXERS[container],
            options={**INPUT_LIMITS, "format_whitelist": DEMUXERS[container]},
            metadata_errors="replace",
            buffer_size=1 << 20,
            io_open=_refuse_to_open,
        ) as media,
    ):
        yield media


def _refuse_to_open(url: str, flags: int, options: dict[str, str]) -> NoReturn:
    raise av.PermissionError(1, "a media file may not name other files")


def _choose(media: Any, language: str, wanted: int | None) -> _Found:
    """The largest moving picture, and one sound. Covers are no picture."""
    found = _Found(
        dated=media.format.name != "avi",
        clock=OneClock() if media.format.name == "mpegts" else None,
    )
    pictures = []
    sounds = []
    for stream in media.streams:
        if av.stream.Disposition.attached_pic in stream.disposition:
            continue
        kind = stream.type if stream.type in {"video", "audio", "subtitle"} else "data"
        context = stream.codec_context
        codec = context.name if context else "unknown"
        found.indexes.append(stream.index)
        found.streams.append(
            Stream(
                kind,
                codec,
                language=_language(stream),
                index=stream.index,
                title=_words(stream, "title") or _words(stream, "name"),
            )
        )
        if kind == "video":
            pictures.append(stream)
        elif kind == "audio":
            sounds.append(stream)
    _check_counts(found.streams)
    if not pictures and not sounds:
        raise BadInput(
            "NO_STREAMS",
            "There is no picture and no sound in the file.",
            advice="Check that it plays on your own machine, then upload it again.",
        )
    if pictures:
        found.picture = max(
            pictures,
            key=lambda s: (
                (s.codec_context.width or 0) * (s.codec_context.height or 0)
                if s.codec_context
                else -1
            ),
        )
        _check_decodable(found.picture)
    readable = [stream for stream in sounds if _decoder(stream)]
    if sounds and not readable:
        _check_decodable(sounds[0])
    if readable:
        opened_sounds = [stream for stream in sounds if stream.codec_context]
        chosen = (
            opened_sounds[wanted] if wanted is not None and wanted < len(opened_sounds) else None
        )
        found.sound, why = _chosen_sound(readable, language, chosen)
        found.number = opened_sounds.index(found.sound)
    if len(pictures) > 1:
        found.findings.append(
            Finding(
                "SEVERAL_PICTURES",
                f"The file has {len(pictures)} pictures; the largest is used.",
                {"count": len(pictures)},
            )
        )
    if found.sound and len(sounds) > 1:
        place = found.number + 1
        found.findings.append(
            Finding(
                "SEVERAL_SOUNDS",
                f"The file has {len(sounds)} sound tracks; number {place} is used: {_WHY[why]}.",
                {"count": len(sounds), "place": place, "why": why},
            )
        )
    return found


_WHY = {
    "chosen": "somebody chose it",
    "language": "it is in the project's source language",
    "default": "the file says that it is the usual one",
    "first": "it is the first",
}


def _chosen_sound(sounds: list[Any], language: str, wanted: Any) -> tuple[Any, str]:
    """The one that was asked for, in the language asked for, marked as default, or the first; and which."""
    usual = [s for s in sounds if av.stream.Disposition.default in s.disposition]
    spoken = [s for s in sounds if same_language(_language(s) or "", language)]
    if wanted in sounds:
        return wanted, "chosen"
    if spoken:  # of several in one language the usual one: the others are often commentaries
        return next((s for s in spoken if s in usual), spoken[0]), "language"
    if usual:
        return usual[0], "default"
    return sounds[0], "first"


def _words(stream: Any, key: str) -> str | None:
    words = " ".join((stream.metadata.get(key) or "").split())
    return words[:80] if words.isprintable() and words else None


def _language(stream: Any) -> str | None:
    language = (stream.metadata.get("language") or "").strip()
    return None if language in {"", "und"} or not language.isprintable() else language[:35]


def _decoder(stream: Any) -> bool:
    return bool(stream.codec_context) and stream.codec_context.codec.name in limits.DECODERS


def _check_counts(streams: list[Stream]) -> None:
    for kind, most in (
        ("video", limits.VIDEO_STREAMS),
        ("audio", limits.AUDIO_STREAMS),
        ("subtitle", limits.SUBTITLE_STREAMS),
    ):
        count = sum(stream.type == kind for stream in streams)
        if count > most:
            raise BadInput(
                "TOO_MANY_STREAMS",
                f"The file has {count} {kind} streams; at most {most} are accepted.",
            )


def _check_decodable(stream: Any) -> None:
    where = f"stream {stream.index}"
    context = stream.codec_context
    if not _decoder(stream):
        raise BadInput(
            "CODEC_UNSUPPORTED",
            f"The {'picture' if stream.type == 'video' else 'sound'} is coded as {context.name if context else 'something unknown'}, which is not accepted.",
            where=where,
            advice="Export it again as MP4 (H.264 and AAC).",
        )


def _check_before_decoding(media: Any, found: _Found) -> None:
    if found.picture:
        context = found.picture.codec_context
        width, height = context.width, context.height
        longest, shortest = limits.WIDTH_AND_HEIGHT
        if max(width, height) > longest or min(width, height) > shortest:
            raise BadInput(
                "TOO_LARGE_PICTURE",
                f"The picture has {width}x{height} pixels; at most {longest}x{shortest} are accepted.",
                where=f"stream {found.picture.index}",
                advice="Export a smaller one; the delivered film will not be larger than that.",
            )
        if min(width, height) < limits.SMALLEST_SIDE:
            raise BadInput(
                "TOO_SMALL_PICTURE",
                f"The picture has {width}x{height} pixels; at least {limits.SMALLEST_SIDE} each way are needed.",
                where=f"stream {found.picture.index}",
            )
    if found.sound:
        rate, channels = found.sound.codec_context.sample_rate, found.sound.codec_context.channels
        lowest, highest = limits.SAMPLE_RATES
        if not lowest <= rate <= highest or not 1 <= channels <= limits.CHANNELS:
            raise BadInput(
                "BAD_SOUND",
                f"The sound has {channels} channels at {rate} Hz; 1 to {limits.CHANNELS} channels at {lowest} to {highest} Hz are accepted.",
                where=f"stream {found.sound.index}",
            )
    # libav hides a declared duration that is negative or does not fit; an absurd one comes through.
    if (
        media.duration is not None
        and not 0 <= media.duration <= limits.DURATION * 1_000_000 // FLICKS_PER_SECOND
    ):
        _refuse_duration(f"The file says that it lasts {media.duration / 3_600_000_000:.1f} hours")


def _refuse_duration(what: str) -> NoReturn:
    most = limits.DURATION // FLICKS_PER_SECOND // 3600
    raise BadInput(
        "BAD_DURATION",
        f"{what}; more than nothing and at most {most} hours are accepted.",
        advice="Export it again, in parts if it is longer.",
    )


# Its packets


@dataclass(slots=True)
class _Tally:
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


def _read_packets(media: Any, found: _Found, size: int, watch: Watch) -> dict[int, _Tally]:
    """Time stamps of every packet of picture and sound. Damage in the middle ends the reading, not the probe."""
    streams = [*media.streams.video, *media.streams.audio]
    tallies = {stream.index: _Tally(stream.time_base) for stream in streams}
    whole = _WholeFrames(found.picture) if found.picture else None
    count = 0
    try:
        for packet in _packets(media, streams):
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
                _refuse_duration(f"The file has more than {_MOST_FRAMES} frames")
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

    def look_at(self, packet: Any, tally: _Tally) -> None:
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


def _packets(media: Any, streams: list[Any]) -> Iterator[Any]:
    """PyAV 18 stumbles over streams that appeared on the way, but only after the last packet."""
    with suppress(IndexError):
        yield from media.demux(streams)


def _check_not_empty(found: _Found, tallies: dict[int, _Tally], *, cut: bool) -> None:
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


# Its first frames


@dataclass(slots=True)
class _First:
    picture: Any = None  # av.VideoFrame
    sound: Any = None  # av.AudioFrame
    interlaced: bool = False


def _decode_first(path: Path, container: str, found: _Found) -> _First:
    """The first frame of picture and sound, as the decoder gives them (after edit lists and priming)."""
    first, seen = _First(), 0
    with opened(path, container) as media:
        streams = [media.streams[part.index] for part in (found.picture, found.sound) if part]
        for stream in streams:
            stream.codec_context.options = {"max_pixels": str(limits.PIXELS)}
            stream.codec_context.thread_count = 1
        for number, packet in enumerate(_packets(media, streams)):
            for frame in _decoded(packet):
                if packet.stream.type == "audio":
                    first.sound = first.sound or frame
                else:
                    first.picture = first.picture or frame
                    first.interlaced |= bool(frame.interlaced_frame)
                    seen += 1
            enough = seen >= _LOOKED_AT_FRAMES or not found.picture
            if number > _LOOKED_AT_PACKETS or (enough and (first.sound or not found.sound)):
                break
    if not (first.picture if found.picture else first.sound):
        raise BadInput(
            "UNREADABLE",
            "Nothing at the beginning of the file can be decoded.",
            advice="Check that it plays on your own machine, then export it again.",
        )
    return first


def _decoded(packet: Any) -> list[Any]:
    try:
        return list(packet.decode())
    except av.FFmpegError:
        return []  # a stream that begins between key frames: the next one will do


def _measure_picture(found: _Found, tally: _Tally, first: _First) -> Picture:
    stream, frame = found.picture, first.picture
    context = stream.codec_context
    rate, constant = _rate_of(tally, stream.average_rate)
    lowest, highest = limits.FRAME_RATES
    if not lowest <= rate <= highest:
        raise BadInput(
            "BAD_FRAME_RATE",
            f"The picture has {float(rate):.3f} frames a second; {lowest} to {highest} are accepted.",
            where=f"stream {stream.index}",
            advice="Export it again with 24, 25, 30, 50 or 60 frames a second.",
        )
    start, end = tally.span(fallback=from_seconds(1 / rate))
    if end - start > limits.DURATION:
        _refuse_duration(f"The picture lasts {clock(end - start)}")
    if found.dated and frame.pts is not None:
        start = from_ticks(frame.pts, frame.time_base)
    turn, mirrored = _turned(frame)
    plain = not (turn or mirrored) and frame.format.name == "yuv420p" and int(frame.color_range) < 2
    return Picture(
        index=stream.index,
        rate=rate,
        constant=constant,
        frames=len(tally.stamps),
        start=start,
        end=end,
        width=context.width,
        height=context.height,
        rotation=turn,
        aspect=_pixel_aspect(stream),
        interlaced=first.interlaced,
        hdr=int(frame.color_trc) in _HDR_TRANSFERS,
        matrix=int(frame.colorspace),
        pixels=frame.format.name,
        mirrored=mirrored,
        copyable=_copyable(tally, rate, start) if plain and constant and found.dated else None,
    )


def _turned(frame: Any) -> tuple[int, bool]:
    """Degrees clockwise, in quarters, and whether the picture is mirrored as well (side by side)."""
    for data in frame.side_data:
        if data.type == SideDataType.DISPLAYMATRIX:
            a, b, _, c, d = struct.unpack_from("=5i", bytes(data))
            if a * d - b * c < 0:
                # What remains once the mirroring of left and right is undone; ffmpeg does the same.
                return round(math.degrees(math.atan2(b, -a)) / 90) * 90 % 360, True
    return round(-frame.rotation / 90) * 90 % 360, False


def _copyable(tally: _Tally, rate: Fraction, start: Flicks) -> Copyable | None:
    """None unless every GOP is closed, short enough, and the first frame shown is the first stored."""
    stamps = np.array(tally.stamps, dtype=np.int64)
    if not tally.copyable or tally.damaged or tally.keys[:1] != [0] or rate not in STANDARD_RATES:
        return None
    shown = np.argsort(np.argsort(stamps, kind="stable"), kind="stable")
    before = np.maximum.accumulate(shown)
    keys = np.array(tally.keys)
    closed = np.array_equal(shown[keys], keys) and np.array_equal(
        before[keys[1:] - 1], keys[1:] - 1
    )
    longest = int(np.diff(np.append(keys, len(stamps))).max())
    first = from_ticks(int(stamps[0]), tally.time_base)
    if not closed or longest > _LONGEST_GOP_SECONDS * nominal_rate(rate) or first != start:
        return None
    delay = int((np.arange(len(shown)) - shown).max())
    return Copyable(tuple(int(key) for key in keys), delay)


def _measure_sound(found: _Found, tally: _Tally, first: _First) -> Sound | None:
    """None if nothing of it can be decoded; then the picture is all there is."""
    stream, frame = found.sound, first.sound
    context = stream.codec_context
    if frame is None:
        return None
    start, end = tally.span(fallback=0)
    if end - start > limits.DURATION:
        _refuse_duration(f"The sound lasts {clock(end - start)}")
    return Sound(
        index=stream.index,
        start=start if frame.pts is None else from_ticks(frame.pts, frame.time_base),
        end=end,
        sample_rate=context.sample_rate,
        channels=context.channels,
        number=found.number,
    )


def _pixel_aspect(stream: Any) -> Fraction:
    aspect = stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio
    return aspect if aspect and Fraction(1, 8) <= aspect <= 8 else Fraction(1)


def _rate_of(tally: _Tally, guessed: Fraction | None) -> tuple[Fraction, bool]:
    """Average frames a second as the exact rate that is meant, and whether every frame keeps its place.

    Time stamps in whole milliseconds (MKV, AVI from phones) only come near the rate they stand for.
    """
    stamps = np.unique(np.array(tally.stamps, dtype=np.int64))
    if len(stamps) < 2:
        return guessed or Fraction(0), True
    span = int(stamps[-1] - stamps[0]) * tally.time_base
    mean = (len(tally.stamps) - 1) / span
    rounding = Fraction(3, 2) * tally.time_base / span + Fraction(1, 1_000_000)
    meant = [rate for rate in _meant_rates(mean, guessed) if abs(rate / mean - 1) <= rounding]
    rate = min(meant, key=lambda r: (r not in STANDARD_RATES, abs(r / mean - 1)), default=mean)
    places = (stamps - stamps[0]) * float(tally.time_base * rate)
    steady = len(stamps) == len(tally.stamps) and bool(
        np.all(np.abs(places - np.arange(len(places))) < 0.25)
    )
    return rate, steady


def _meant_rates(mean: Fraction, guessed: Fraction | None) -> Iterator[Fraction]:
    yield from STANDARD_RATES
    for whole in {round(mean), round(mean * Fraction(1001, 1000))} - {0}:
        yield Fraction(whole)
        yield Fraction(whole * 1000, 1001)
    yield Fraction(round(2 * mean), 2)
    if guessed:
        yield guessed


# What a person should know


def _joint_findings(found: _Found) -> Iterator[Finding]:
    if found.clock and (joints := found.clock.joints):
        yield Finding(
            JOINED,
            f"The file is {joints + 1} recordings one behind the other, each with a clock of its own:"
            " they were put on one clock.",
            {"count": joints + 1},
        )


def _length_findings(
    container: str, declared_micros: int | None, real: Flicks, *, cut: bool
) -> Iterator[Finding]:
    declared = from_ticks(declared_micros or 0, Fraction(1, 1_000_000))
    missing = declared - real if container in _DECLARING else 0
    if missing > max(FLICKS_PER_SECOND // 2, declared // 200):
        yield Finding(
            "SHORTER_THAN_DECLARED",
            f"The file says that it lasts {clock(declared)}, but only {clock(real)} are in it.",
            {"declared": clock(declared), "real": clock(real)},
        )
    elif cut:
        yield Finding(
            "SHORTER_THAN_DECLARED",
            f"The file is damaged or stops in the middle of its data; {clock(real)} could be read.",
            {"real": clock(real)},
        )


def _picture_findings(picture: Picture) -> Iterator[Finding]:
    if not picture.constant:
        yield Finding(
            "VARIABLE_FRAME_RATE",
            f"The frames do not come evenly (on average {float(picture.rate):.3f} a second);"
            " the working copy has a constant rate.",
            {"rate": f"{float(picture.rate):.3f}"},
        )
    if picture.interlaced:
        yield Finding("INTERLACED", "The picture is interlaced; the working copy is not.")
    if picture.hdr:
        yield Finding("HDR", "The picture is HDR; the working copy has standard colours.")


def _sound_findings(
    found: _Found, picture: Picture | None, sound: Sound | None
) -> Iterator[Finding]:
    if picture and found.sound is None:
        yield Finding("NO_SOUND", "The film has no sound.")
    elif picture and sound is None:
        yield Finding("SOUND_UNREADABLE", "The film's sound could not be decoded and is left out.")


def _streams(
    found: _Found, picture: Picture | None, tallies: dict[int, _Tally], media: Any
) -> tuple[Stream, ...]:
    """Those that are used first, then the others as they come in the file."""
    used = [part.index for part in (found.picture, found.sound) if part]
    complete = {}
    for index, stream in zip(found.indexes, found.streams, strict=True):
        context = media.streams[index].codec_context
        if stream.type == "video" and context:
            own = picture if picture and picture.index == index else None
            complete[index] = replace(
                stream,
                width=context.width,
                height=context.height,
                frame_rate=own.rate if own else media.streams[index].average_rate,
                frames=len(tallies[index].stamps),
                rotation=own.rotation if own else 0,
            )
        elif stream.type == "audio" and context:
            complete[index] = replace(
                stream, sample_rate=context.sample_rate, channels=context.channels
            )
        else:
            complete[index] = stream
    return tuple(complete[index] for index in [*used, *(i for i in complete if i not in used)])


def main() -> None:
    """The program: {"path", "name"} on standard input; lines ``read=permille`` and one ``answer=JSON`` out."""
    asked = json.load(sys.stdin)
    try:
        examined = examine_here(
            Path(asked["path"]),
            name=asked["name"],
            language=asked["language"],
            sound=asked["sound"],
            watch=lambda permille, _: print(f"read={permille}", flush=True),
        )
        answer = {"examined": examined.to_json()}
    except BadInput as refusal:
        answer = {"refused": refusal.to_json()}
    print(f"answer={json.dumps(answer)}", flush=True)


if __name__ == "__main__":
    main()
