"""Where a film speaks: the probability of speech every 32 ms, by the Silero voice-activity model.

The only file of this room that opens another: sound is decoded by PyAV, block by block, and heard as it comes. The
model remembers what went before; so that it need not go through the film in single file, the film is cut into
stretches that are heard side by side, each with some seconds of run-up whose answers are thrown away.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from workflow.align.voice import (
    CONTEXT_SAMPLES,
    HOP_SAMPLES,
    RUN_UP_HOPS,
    SAMPLE_RATE,
    Floats,
    VoiceModel,
)
from workflow.errors import BadInput
from workflow.progress import Watch, unwatched
from workflow.timebase import FLICKS_PER_SECOND, Flicks, clock

HOP: Flicks = FLICKS_PER_SECOND * HOP_SAMPLES // SAMPLE_RATE

SIDE_BY_SIDE = 32  # stretches: more is hardly faster
STRETCH_HOPS = 1250  # 40 s; shorter films are heard in shorter stretches, of 20 s at least
SHORTEST_STRETCH_HOPS = 625
LONGEST_HOPS = 5 * 3600 * SAMPLE_RATE // HOP_SAMPLES
BLOCK_SAMPLES = 256 * HOP_SAMPLES  # that decoding hands on at a time
FRAMES_AT_ONCE = 64  # some 20 ms each, that the resampler is given before it is asked

Samples = npt.NDArray[np.float32]
Probabilities = npt.NDArray[np.float32]

_HEADER = struct.Struct("<4sqI")
_MAGIC = b"TSP1"


@dataclass(frozen=True, eq=False)
class Speech:
    """What was heard in one film.

    probabilities  float32[n], 0 to 1; the n-th is of the 32 ms from n × HOP on
    duration       of the sound
    """

    probabilities: Probabilities
    duration: Flicks

    def to_bytes(self) -> bytes:
        """One byte a hop: an hour is 112 kB, and probabilities come back to within 0.2 %."""
        levels = np.rint(self.probabilities * 255).astype(np.uint8)
        return _HEADER.pack(_MAGIC, self.duration, len(levels)) + levels.tobytes()

    @classmethod
    def from_bytes(cls, stored: bytes) -> Speech:
        """Raises BadInput SPEECH_FORMAT for anything that `to_bytes` did not write."""
        if len(stored) >= _HEADER.size:
            magic, duration, count = _HEADER.unpack_from(stored)
            if magic == _MAGIC and len(stored) == _HEADER.size + count:
                levels = np.frombuffer(stored, np.uint8, offset=_HEADER.size)
                return cls((levels / np.float32(255)).astype(np.float32), duration)
        raise BadInput("SPEECH_FORMAT", "These bytes are not stored speech.")


def detect_speech(
    sound: Path,
    *,
    watch: Watch = unwatched,
    demuxer: str | None = None,
    stream: int | None = None,
    zero: Flicks = 0,
) -> Speech:
    """Listen to a whole sound file, or to the sound of a film.

    demuxer  the container format it must be (libav's name); a file from outside is named after it was sniffed
    stream   index of the stream in the file; None: the first sound
    zero     the file's time stamp that counts as 0: of the film's first frame

    Raises BadInput NO_SOUND (nothing to hear), UNREADABLE, TOO_LONG (5 h); ToolMissing.
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # noqa: PLC0415

    model = VoiceModel()
    slab = SIDE_BY_SIDE * STRETCH_HOPS
    heard: list[Floats] = []
    waiting: list[Floats] = []  # features of hops, the run-up first
    count = run_up = 0
    with threadpool_limits(
        1
    ):  # the products are small: a second thread would mostly wait, and burn a core
        for features, permille in _features(model, decoded(sound, demuxer, stream, zero)):
            waiting.append(features)
            count += len(features)
            if count - run_up >= slab:
                whole = np.concatenate(waiting)
                heard.append(_listen(model, whole, run_up))
                run_up = RUN_UP_HOPS
                waiting, count = [whole[-run_up:].copy()], run_up
                _refuse_too_long(heard, sound)
            watch(permille, "Listening for speech")
        if count > run_up:
            heard.append(_listen(model, np.concatenate(waiting), run_up))
    if not heard:
        raise BadInput("NO_SOUND", "There is no sound in this file.", where=sound.name)
    _refuse_too_long(heard, sound)
    watch(1000, "Listening for speech")
    probabilities = np.concatenate(heard)
    return Speech(probabilities, len(probabilities) * HOP)


def _refuse_too_long(heard: list[Floats], sound: Path) -> None:
    if sum(map(len, heard)) > LONGEST_HOPS:
        raise BadInput(
            "TOO_LONG", f"The sound is longer than {clock(LONGEST_HOPS * HOP)}.", where=sound.name
        )


def _features(
    model: VoiceModel, blocks: Iterator[tuple[Samples, int]]
) -> Iterator[tuple[Floats, int]]:
    """Of every hop as it comes, the last filled up with silence, and how far the film is in permille."""
    rest = np.zeros(CONTEXT_SAMPLES, np.float32)
    for block, permille in blocks:
        rest = np.concatenate([rest, block])
        if len(rest) >= BLOCK_SAMPLES:
            yield model.features(rest), permille
            rest = rest[(len(rest) - CONTEXT_SAMPLES) // HOP_SAMPLES * HOP_SAMPLES :]
    if len(rest) > CONTEXT_SAMPLES:
        missing = -(len(rest) - CONTEXT_SAMPLES) % HOP_SAMPLES
        yield model.features(np.pad(rest, (0, missing))), 990


def _listen(model: VoiceModel, features: Floats, run_up: int) -> Floats:
    most = max(1, (len(features) - run_up) // SHORTEST_STRETCH_HOPS)
    return model.listen(features, run_up, min(SIDE_BY_SIDE, most))


def decoded(
    sound: Path, demuxer: str | None, stream: int | None, zero: Flicks
) -> Iterator[tuple[Samples, int]]:
    """Mono float32 at 16 kHz in blocks, time 0 at *zero*, and how far the file is in permille.

    Sound before *zero* is left out; silence stands for what is missing in the file.
    """
    import av  # noqa: PLC0415  aligning to subtitles needs none of it

    options = {"format_whitelist": demuxer} if demuxer else {}
    try:
        with (
            sound.open("rb") as file,
            av.open(
                file,
                format=demuxer,
                options=options,
                metadata_errors="replace",
                buffer_size=1 << 20,
                io_open=_refuse_to_open,
            ) as media,
        ):
            chosen = media.streams[stream] if stream is not None else media.streams.audio[0]
            yield from _resampled(media, chosen, zero)
    except IndexError:
        raise BadInput("NO_SOUND", "There is no sound in this file.", where=sound.name) from None
    except (av.FFmpegError, ValueError) as error:
        raise BadInput(
            "UNREADABLE",
            "The sound cannot be decoded.",
            where=sound.name,
            advice="Check that the file plays.",
            details={"said": str(error)[:200]},
        ) from error


def _resampled(media: Any, stream: Any, zero: Flicks) -> Iterator[tuple[Samples, int]]:
    import av  # noqa: PLC0415

    longest = LONGEST_HOPS * HOP_SAMPLES
    length = max(1.0, (media.duration or 0) / av.time_base)  # seconds, as the header claims
    pipe: _Resampler | None = None
    due: float | None = (
        None  # seconds since zero of what comes next; unknown before the first frame
    )
    skip = 0  # samples before zero that are still to come

    def out(pieces: Iterator[Samples]) -> Iterator[tuple[Samples, int]]:
        nonlocal skip
        for samples in pieces:
            left_out = min(skip, len(samples))
            skip -= left_out
            yield samples[left_out:], min(980, max(0, int((due or 0) * 980 / length)))

    tick, begin = float(stream.time_base), zero / FLICKS_PER_SECOND
    for frame in media.decode(stream):
        pts = frame.pts
        if pts is not None:
            where = pts * tick - begin
            if due is None:
                due = where
                skip = max(0, round(-where * SAMPLE_RATE))
                yield from _silence(where, longest)
            elif where - due > 0.1:  # packets are missing, or the sound pauses
                if pipe is not None:
                    yield from out(pipe.rest())
                pipe, skip = None, max(0, round(-where * SAMPLE_RATE))
                yield from _silence(where - max(due, 0.0), longest)
                due = where
        due = (due or 0.0) + frame.samples / frame.sample_rate
        if pipe is None:
            pipe = _Resampler(frame)
        yield from out(pipe.take(frame))
    if pipe is not None:
        yield from out(pipe.rest())


class _Resampler:
    """libswresample, asked once for many frames: for each of them PyAV's own would take twice the time."""

    def __init__(self, like: Any) -> None:
        from av.filter import Graph  # noqa: PLC0415

        graph = Graph()
        self._source = graph.add_abuffer(
            sample_rate=like.sample_rate,
            format=like.format.name,
            layout=like.layout.name,
            time_base=like.time_base,
        )
        wanted = f"sample_fmts=flt:channel_layouts=mono:sample_rates={SAMPLE_RATE}"
        steps = [
            graph.add("aformat", wanted),
            graph.add("asetnsamples", f"n={BLOCK_SAMPLES}:p=0"),
            graph.add("abuffersink"),
        ]
        for one, next_one in pairwise([self._source, *steps]):
            one.link_to(next_one)
        graph.configure()
        self._graph, self._sink, self._given = graph, steps[-1], 0

    def take(self, frame: Any) -> Iterator[Samples]:
        frame.pts = None
        self._source.push(frame)
        self._given += 1
        if self._given % FRAMES_AT_ONCE == 0:
            yield from self._ready()

    def rest(self) -> Iterator[Samples]:
        self._source.push(None)
        yield from self._ready()

    def _ready(self) -> Iterator[Samples]:
        import av  # noqa: PLC0415

        while True:
            try:
                frame: Any = self._sink.pull()
            except (av.BlockingIOError, av.EOFError):
                return
            yield frame.to_ndarray().ravel()


def _silence(seconds: float, longest: int) -> Iterator[tuple[Samples, int]]:
    count = min(round(seconds * SAMPLE_RATE), longest)
    block = np.zeros(BLOCK_SAMPLES, np.float32)
    for at in range(0, count, BLOCK_SAMPLES):
        yield block[: count - at], 0


def _refuse_to_open(url: str, flags: int, options: dict[str, str]) -> NoReturn:
    import av  # noqa: PLC0415

    raise av.PermissionError(1, "a media file may not name other files")
