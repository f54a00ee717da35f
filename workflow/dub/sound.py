"""Sound in and out: any accepted file as float32, WAV files of 24 bits.

The only file of this room that decodes. A file is opened as the container that `sniff` says it is and as
nothing else; time 0 of what comes out is the time stamp that the caller names.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn

import av
import numpy as np
import numpy.typing as npt

from workflow.errors import BadInput
from workflow.media.container import sniff
from workflow.media.facts import Finding
from workflow.media.ffmpeg import DEMUXERS
from workflow.progress import Watch, unwatched
from workflow.timebase import FLICKS_PER_SECOND, Flicks

Samples = npt.NDArray[np.float32]

RATE = 48_000
LONGEST_SECONDS = 4 * 3600
LISTENING_BIT_RATE = 128_000

_FULL_SCALE = 8_388_607
_AAC_FRAME = 1024
_CACHED = 16_384  # samples that are worked on without leaving the processor's cache
CLIPPED = 0.999  # of full scale
SILENT = 10 ** (-60 / 20)  # a sound without a louder sample
ONE_SIDED = 10 ** (-40 / 20)  # of the other side's amplitude
_RUN_UP = 0.5  # seconds before a stretch that a decoder is given to get going


@dataclass(frozen=True, eq=False)
class Recording:
    """A whole recording in memory, mono.

    samples   float32 at *rate*
    findings  what a person should know: clipped, narrow, one channel empty
    """

    samples: Samples
    rate: int
    findings: tuple[Finding, ...] = ()

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate


def samples_of(duration: Flicks, rate: int = RATE) -> int:
    """Whole samples in *duration*, to the nearest."""
    return round(Fraction(duration * rate, FLICKS_PER_SECOND))


def read_recording(
    path: Path, *, rate: int = RATE, stream: int | None = None, watch: Watch = unwatched
) -> Recording:
    """A sound of *path*, mono at *rate*, from its first sample on; the louder side where the other is empty.

    stream  index in the file; None: the first sound

    Raises BadInput: what `sniff` raises, NO_SOUND, UNREADABLE, TOO_LONG (4 h), SILENT.
    """
    heard = _Sides()
    mono = _joined([heard.middle(b) for b in decoded(path, rate=rate, stream=stream, watch=watch)])
    if heard.peak < SILENT:
        raise BadInput(
            "SILENT",
            "Nothing is heard in this recording.",
            where=path.name,
            advice="Check that the right microphone was chosen, and record again.",
        )
    findings = []
    if heard.energy.min() < heard.energy.max() * ONE_SIDED**2:
        side = int(heard.energy.argmax())
        mono = _joined([block[:, side].copy() for block in decoded(path, rate=rate, stream=stream)])
        name = ("left", "right")[side]
        findings.append(Finding("ONE_CHANNEL", f"Only the {name} channel holds sound; it is used."))
    if heard.clipped > max(10, len(mono) // 1_000_000):
        findings.append(
            Finding(
                "CLIPPED", f"{heard.clipped} samples are at full scale: the recording is distorted."
            )
        )
    if (original := original_rate(path)) and original < 16_000:
        findings.append(
            Finding("NARROW_BAND", f"Recorded at {original} Hz: it will sound like a telephone.")
        )
    return Recording(mono, rate, tuple(findings))


class _Sides:
    """What the two channels of a recording hold, block by block."""

    def __init__(self) -> None:
        self.energy = np.zeros(2)
        self.peak = 0.0
        self.clipped = 0

    def middle(self, block: Samples) -> Samples:
        """*block*, float32[n, 2], counted and mixed to one channel."""
        loud = np.abs(block).max(axis=1, initial=0.0)
        self.peak = max(self.peak, float(loud.max(initial=0.0)))
        self.clipped += int(np.count_nonzero(loud >= CLIPPED))
        self.energy += np.square(block, dtype=np.float64).sum(axis=0)
        mixed: Samples = block.mean(axis=1, dtype=np.float32)
        return mixed


def _joined(blocks: list[Samples]) -> Samples:
    """One array; each block is let go once copied: an hour at 48 kHz is 700 MB, and need not be there twice."""
    whole = np.empty(sum(map(len, blocks)), np.float32)
    place = len(whole)
    while blocks:
        block = blocks.pop()
        place -= len(block)
        whole[place : place + len(block)] = block
    return whole


def decoded(
    path: Path,
    *,
    rate: int = RATE,
    channels: int = 2,
    stream: int | None = None,
    zero: Flicks | None = None,
    watch: Watch = unwatched,
) -> Iterator[Samples]:
    """Blocks of float32[n, channels]; sound before *zero* left out, silence where the file has a hole.

    channels  1 or 2; more are mixed down
    stream    index in the file; None: the first sound
    zero      time stamp that becomes 0; None: that of the first sample
    """
    container = sniff(path, name=path.name)
    longest = LONGEST_SECONDS * rate
    try:
        with _opened(path, DEMUXERS[container]) as media:
            chosen = media.streams[stream] if stream is not None else media.streams.audio[0]
            length = max(1.0, (media.duration or 0) / av.time_base)
            place = 0
            for block in _resampled(media, chosen, rate, channels, zero):
                place += len(block)
                if place > longest:
                    raise BadInput(
                        "TOO_LONG",
                        "The sound is longer than 4 hours.",
                        where=path.name,
                        advice="Cut it and send the parts.",
                    )
                yield block
                watch(min(999, int(place * 1000 / (length * rate))), "Reading the sound")
    except IndexError:
        raise BadInput("NO_SOUND", "There is no sound in this file.", where=path.name) from None
    except (av.FFmpegError, ValueError) as error:
        raise BadInput(
            "UNREADABLE",
            "The sound cannot be decoded.",
            where=path.name,
            advice="Check that it plays, save it as WAV and send it again.",
            details={"said": str(error)[:200]},
        ) from error


@contextmanager
def _opened(path: Path, demuxer: str) -> Iterator[Any]:
    with (
        path.open("rb") as file,
        av.open(
            file,
            format=demuxer,
            options={"format_whitelist": demuxer},
            metadata_errors="replace",
            buffer_size=1 << 20,
            io_open=_refuse_to_open,
        ) as media,
    ):
        yield media


def _resampled(
    media: Any, stream: Any, rate: int, channels: int, zero: Flicks | None
) -> Iterator[Samples]:
    layout = "mono" if channels == 1 else "stereo"
    # A mono source goes to both sides at its own level: swresample's default would take off 3 dB.
    alone = stream.codec_context.channels == 1
    resampler = av.AudioResampler(format="flt", layout="mono" if alone else layout, rate=rate)
    place: int | None = None
    for frame in media.decode(stream):
        if frame.pts is not None:
            seconds = float(frame.pts * frame.time_base)
            zero = round(seconds * FLICKS_PER_SECOND) if zero is None else zero
            where = round((seconds - zero / FLICKS_PER_SECOND) * rate)
            if place is None:
                place = where
                yield np.zeros(
                    (min(max(where, 0), LONGEST_SECONDS * rate + 1), channels), np.float32
                )
            elif where - place > rate // 10:  # packets are missing, or the sound pauses
                hole = min(where - max(place, 0), LONGEST_SECONDS * rate + 1)
                yield np.zeros((max(hole, 0), channels), np.float32)
                place = where
        frame.pts = None
        for piece in resampler.resample(frame):
            block = _interleaved(piece, channels, alone)
            before = min(max(0, -(place or 0)), len(block))
            place = (place or 0) + len(block)
            yield block[before:]
    for piece in resampler.resample(None) if place is not None else ():
        yield _interleaved(piece, channels, alone)


def _interleaved(frame: Any, channels: int, alone: bool) -> Samples:
    samples: Samples = frame.to_ndarray().reshape(-1, 1 if alone else channels)
    return np.repeat(samples, channels, axis=1) if alone and channels > 1 else samples


def stretch_of(path: Path, start: float, end: float, *, rate: int = RATE) -> Samples:
    """The seconds [start, end) of *path*, mono: sought, not decoded from the beginning; at most what there is.

    Raises BadInput NO_SOUND, UNREADABLE.
    """
    container = sniff(path, name=path.name)
    pieces: list[Samples] = []
    try:
        with _opened(path, DEMUXERS[container]) as media:
            stream = media.streams.audio[0]
            zero = float((stream.start_time or 0) * stream.time_base)
            if start > _RUN_UP:
                at = zero + start - _RUN_UP
                media.seek(int(at / stream.time_base), stream=stream, backward=True)
            first: float | None = None
            alone = stream.codec_context.channels == 1
            resampler = av.AudioResampler(
                format="flt", layout="mono" if alone else "stereo", rate=rate
            )
            for frame in media.decode(stream):
                at = zero if frame.pts is None else float(frame.pts * frame.time_base)
                first = at - zero if first is None else first
                frame.pts = None
                pieces += [_interleaved(p, 2, alone) for p in resampler.resample(frame)]
                if at - zero > end:
                    break
            pieces += [_interleaved(p, 2, alone) for p in resampler.resample(None)]
    except IndexError:
        raise BadInput("NO_SOUND", "There is no sound in this file.", where=path.name) from None
    except (av.FFmpegError, ValueError) as error:
        raise BadInput("UNREADABLE", "The sound cannot be decoded.", where=path.name) from error
    whole = np.concatenate(pieces) if pieces else np.zeros((0, 2), np.float32)
    begin = round((start - (first or 0.0)) * rate)
    return one_voice(whole[max(0, begin) : max(0, begin) + round((end - start) * rate)])


def one_voice(block: Samples) -> Samples:
    """float32[n, 2] as one channel: their middle, or the side that holds the sound where the other is empty."""
    energy = np.square(block, dtype=np.float64).sum(axis=0)
    if energy.min() < energy.max() * ONE_SIDED**2:
        return block[:, int(energy.argmax())].copy()
    mixed: Samples = block.mean(axis=1, dtype=np.float32)
    return mixed


def original_rate(path: Path) -> int | None:
    """Samples a second of the first sound as it was recorded."""
    return layout_of(path)[0]


def layout_of(path: Path) -> tuple[int | None, int]:
    """Samples a second of the first sound as it is stored, and its channels."""
    with _opened(path, DEMUXERS[sniff(path, name=path.name)]) as media:
        sound = media.streams.audio[0].codec_context
        return sound.sample_rate, sound.channels


def _refuse_to_open(url: str, flags: int, options: dict[str, str]) -> NoReturn:
    raise av.PermissionError(1, "a media file may not name other files")


def packed(block: Samples) -> bytes:
    """24 bits, little-endian, as in a WAV file; values beyond full scale are held there."""
    flat = block.reshape(-1)
    octets = np.empty((len(flat), 3), np.uint8)
    for first in range(0, len(flat), _CACHED):
        some = flat[first : first + _CACHED] * np.float64(_FULL_SCALE)
        np.clip(some, -_FULL_SCALE, _FULL_SCALE, out=some)
        four = np.rint(some, out=some).astype("<i4").view(np.uint8).reshape(-1, 4)
        for octet in range(3):
            octets[first : first + _CACHED, octet] = four[:, octet]
    return octets.tobytes()


class WavWriter:
    """A WAV file of 24 bits, written block by block; values beyond full scale are held there.

    Past 4 GiB the header is RF64 (EBU Tech 3306).
    """

    _HEADER_BYTES = 12 + 36 + 24 + 8

    def __init__(self, path: Path, channels: int, rate: int = RATE) -> None:
        self.channels, self.rate, self.frames = channels, rate, 0
        self._file = path.open("wb")
        self._file.write(bytes(self._HEADER_BYTES))

    def write(self, block: Samples) -> None:
        """float32[n] or float32[n, channels]."""
        self.write_packed(packed(block))

    def write_packed(self, octets: bytes) -> None:
        """Samples that are 24 bits already."""
        self._file.write(octets)
        self.frames += len(octets) // (3 * self.channels)

    def __enter__(self) -> WavWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        width = 3 * self.channels
        size = self.frames * width
        if size % 2:
            self._file.write(b"\0")
        whole = self._HEADER_BYTES - 8 + size + size % 2
        large = whole >= 1 << 32
        self._file.seek(0)
        self._file.write(
            struct.pack("<4sI4s", b"RF64" if large else b"RIFF", min(whole, 0xFFFFFFFF), b"WAVE")
            + struct.pack(
                "<4sIQQQI", b"ds64" if large else b"JUNK", 28, whole, size, self.frames, 0
            )
            + struct.pack(
                "<4sIHHIIHH", b"fmt ", 16, 1, self.channels, self.rate, self.rate * width, width, 24
            )
            + struct.pack("<4sI", b"data", min(size, 0xFFFFFFFF))
        )
        self._file.close()


def write_aac(path: Path, samples: Samples) -> None:
    """float32[n] or float32[n, channels] at 48 kHz as AAC in MP4: a tenth of a WAV, to be listened to on a slow link.

    Players leave out the encoder's run-up, which the file names in its edit list.
    """
    planes = np.ascontiguousarray(np.atleast_2d(samples.T), np.float32)
    with av.open(str(path), "w", format="mp4", options={"movflags": "faststart"}) as out:
        stream = out.add_stream("aac", rate=RATE)
        stream.layout = "mono" if len(planes) == 1 else "stereo"
        stream.bit_rate = LISTENING_BIT_RATE
        for begin in range(0, planes.shape[1], _AAC_FRAME):
            block = np.ascontiguousarray(planes[:, begin : begin + _AAC_FRAME])
            frame = av.AudioFrame.from_ndarray(block, format="fltp", layout=stream.layout.name)
            frame.rate, frame.pts, frame.time_base = RATE, begin, Fraction(1, RATE)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


def write_wav(path: Path, samples: Samples, rate: int = RATE) -> None:
    """float32[n] or float32[n, channels] as 24 bits."""
    with WavWriter(path, samples.shape[1] if samples.ndim == 2 else 1, rate) as out:
        out.write(samples)
