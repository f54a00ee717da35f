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
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.sidedata.sidedata import Type as SideDataType

from workflow.errors import BadInput
from workflow.media import limits
from workflow.media.container import ends_early, sniff
from workflow.media.facts import Finding, MediaFacts, Stream
from workflow.media.opened import opened
from workflow.media.packets import Tally, all_packets, check_not_empty, read_packets
from workflow.media.streams import Found, check_before_decoding, choose, refuse_duration
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
            found = choose(media, language, sound)
            check_before_decoding(media, found)
            tallies = read_packets(media, found, path.stat().st_size, watch)
            cut = ends_early(path, container) or any(tally.damaged for tally in tallies.values())
            check_not_empty(found, tallies, cut=cut)
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
    found: Found,
    tallies: dict[int, Tally],
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


# Its first frames


@dataclass(slots=True)
class _First:
    picture: Any = None  # av.VideoFrame
    sound: Any = None  # av.AudioFrame
    interlaced: bool = False


def _decode_first(path: Path, container: str, found: Found) -> _First:
    """The first frame of picture and sound, as the decoder gives them (after edit lists and priming)."""
    first, seen = _First(), 0
    with opened(path, container) as media:
        streams = [media.streams[part.index] for part in (found.picture, found.sound) if part]
        for stream in streams:
            stream.codec_context.options = {"max_pixels": str(limits.PIXELS)}
            stream.codec_context.thread_count = 1
        for number, packet in enumerate(all_packets(media, streams)):
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


def _measure_picture(found: Found, tally: Tally, first: _First) -> Picture:
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
        refuse_duration(f"The picture lasts {clock(end - start)}")
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


def _copyable(tally: Tally, rate: Fraction, start: Flicks) -> Copyable | None:
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


def _measure_sound(found: Found, tally: Tally, first: _First) -> Sound | None:
    """None if nothing of it can be decoded; then the picture is all there is."""
    stream, frame = found.sound, first.sound
    context = stream.codec_context
    if frame is None:
        return None
    start, end = tally.span(fallback=0)
    if end - start > limits.DURATION:
        refuse_duration(f"The sound lasts {clock(end - start)}")
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


def _rate_of(tally: Tally, guessed: Fraction | None) -> tuple[Fraction, bool]:
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


def _joint_findings(found: Found) -> Iterator[Finding]:
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
    found: Found, picture: Picture | None, sound: Sound | None
) -> Iterator[Finding]:
    if picture and found.sound is None:
        yield Finding("NO_SOUND", "The film has no sound.")
    elif picture and sound is None:
        yield Finding("SOUND_UNREADABLE", "The film's sound could not be decoded and is left out.")


def _streams(
    found: Found, picture: Picture | None, tallies: dict[int, Tally], media: Any
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
