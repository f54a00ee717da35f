"""The only way to ffmpeg: watched, limited, killed when nobody wants it any more (see process.py).

An exit status is not evidence (ffmpeg says 0 for films cut short by a full
disk), so whoever called measures the finished file.

Filter graphs are built with ffmpeg-python and handed over as argument lists;
`film_input` is the one way a user's file is named in them.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import ffmpeg as graphs

from workflow.errors import ToolFailed, ToolMissing
from workflow.media import limits
from workflow.media.process import GIB, Ended, Limits, run_confined
from workflow.progress import Watch, unwatched
from workflow.timebase import FLICKS_PER_SECOND, Flicks

#: Our names of containers → ffmpeg's demuxers. Nothing else is ever opened: no playlist, no image
#: sequence, no lavfi, no SDP (an HLS playlist saved as .mp4 makes ffmpeg read other local files).
DEMUXERS: Mapping[str, str] = {
    "mp4": "mov",
    "matroska": "matroska",
    "mpegts": "mpegts",
    "mpegps": "mpeg",
    "avi": "avi",
    "wav": "wav",
    "mp3": "mp3",
    "flac": "flac",
    "aac": "aac",
    "ogg": "ogg",
}

#: Options that every demuxer gets; each was seen to be accepted by FFmpeg 9.0.2 and by PyAV 18.
INPUT_LIMITS: Mapping[str, str] = {
    "protocol_whitelist": "file,pipe",
    "codec_whitelist": ",".join(limits.DECODERS),
    "max_streams": str(limits.STREAMS),
    "max_pixels": str(limits.PIXELS),  # the decoder refuses before it allocates the picture
    "probesize": "20000000",
    "analyzeduration": "10000000",
}

_BASE = (
    *("-nostdin", "-hide_banner", "-nostats", "-v", "warning"),
    *("-max_alloc", str(256 << 20)),
    *("-progress", "pipe:1"),
)
_DISK_FULL = b"No space left on device"
#: Said by an ffmpeg that then ends with status 0 (seen in 9.0.2: an output that is already there).
_SIGNS_OF_FAILURE = (_DISK_FULL, b"Error writing trailer", b"Error opening output file")


def find_ffmpeg(configured: str = "") -> str:
    """Path of the ffmpeg binary: *configured*, else TERJIME_FFMPEG, else the imageio-ffmpeg wheel's.

    Raises ToolMissing FFMPEG_MISSING; a configured one that is not there is not silently replaced.
    """
    wanted = configured or os.environ.get("TERJIME_FFMPEG", "")
    if not wanted:
        return _wheel_ffmpeg()
    if found := shutil.which(wanted):
        return found
    raise ToolMissing(
        "FFMPEG_MISSING",
        f"The ffmpeg named in the settings is not an executable file: {wanted}.",
        advice="Correct TERJIME_FFMPEG, or leave it out to use the one that comes with Terjime.",
    )


@lru_cache(maxsize=1)
def _wheel_ffmpeg() -> str:
    try:
        import imageio_ffmpeg  # noqa: PLC0415  an operator may have left the wheel out

        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except (ImportError, RuntimeError) as error:
        raise ToolMissing(
            "FFMPEG_MISSING",
            "No ffmpeg was found.",
            advice="Install the imageio-ffmpeg package or set TERJIME_FFMPEG.",
        ) from error


def input_options(container: str) -> dict[str, str]:
    """Options that open a file as *container* (one of `DEMUXERS`) and as nothing else."""
    demuxer = DEMUXERS[container]
    return {
        "f": demuxer,
        "format_whitelist": demuxer,
        **INPUT_LIMITS,
    }


def input_arguments(path: Path, container: str) -> list[str]:
    """The same as arguments, ending in ``-i``; the name is only ever a file's name (``concat:a|b`` is one)."""
    options = [
        part for key, value in input_options(container).items() for part in (f"-{key}", value)
    ]
    return [*options, "-i", f"file:{path}"]


def film_input(path: Path, container: str, **more: Any) -> Any:
    """The same as the input of an ffmpeg-python graph; *more* are further input options."""
    return graphs.input(f"file:{path}", **input_options(container), **more)


def graph_output(path: Path, *streams: Any, **options: Any) -> Any:
    """An output file of an ffmpeg-python graph; it must not exist yet."""
    return graphs.output(*streams, f"file:{path.absolute()}", **options)


def graph_arguments(*outputs: Any) -> list[str]:
    """Arguments of a finished ffmpeg-python graph with one or more outputs."""
    whole = outputs[0] if len(outputs) == 1 else graphs.merge_outputs(*outputs)
    return [str(argument) for argument in graphs.get_args(whole)]


def run_ffmpeg(
    arguments: Sequence[str],
    *,
    duration: Flicks | None = None,
    watch: Watch = unwatched,
    doing: str = "",
    ffmpeg: str = "",
    stall_seconds: float = 180,
    cwd: Path | None = None,
    memory_bytes: int = 4 * GIB,
    cpu_seconds: int | None = None,
    file_bytes: int | None = None,
    tolerant: bool = False,
) -> str:
    """Run ffmpeg with *arguments* (after the program's name) and return the end of what it said.

    duration       of the result, for the permille given to *watch*; unknown: 0 until the end
    watch          called about twice a second, also when ffmpeg says nothing; when it raises, ffmpeg is
                   stopped (SIGTERM, 5 s, SIGKILL), waited for, and the error passes
    stall_seconds  without any advance before it is killed
    memory_bytes   of address space; cpu_seconds of all threads; file_bytes of one output file
    tolerant       damaged packets of the input are skipped instead of ending the run

    Call it from a thread that lives until it returns: the kernel kills ffmpeg when that thread ends.
    Raises ToolFailed FFMPEG_FAILED, DISK_FULL or STALLED (details: what ffmpeg said, for operators).
    """
    micros = duration * 1_000_000 // FLICKS_PER_SECOND if duration else 0
    permille = 0

    def hear(key: bytes, value: bytes) -> None:
        nonlocal permille
        if micros and key == b"out_time_us" and value.isdigit():
            permille = max(permille, min(1000, int(value) * 1000 // micros))

    ended = run_confined(
        [find_ffmpeg(ffmpeg), *_BASE, *(() if tolerant else ("-xerror",)), *arguments],
        limits=Limits(memory_bytes, cpu_seconds, file_bytes),
        stall_seconds=stall_seconds,
        hear=hear,
        look=lambda: watch(permille, doing),
        signs=_SIGNS_OF_FAILURE,
        cwd=cwd,
        environment={"AV_LOG_FORCE_NOCOLOR": "1"},
    )
    if ended.status or ended.signs:
        raise _failed(ended)
    watch(1000, doing)
    return ended.said


def _failed(ended: Ended) -> ToolFailed:
    details = {"status": ended.status, "said": ended.said}
    if _DISK_FULL in ended.signs:
        return ToolFailed(
            "DISK_FULL",
            "The disk became full while ffmpeg was writing.",
            advice="Free some space and try again.",
            details=details,
        )
    end = (
        f"was ended by signal {-ended.status}"
        if ended.status < 0
        else f"ended with status {ended.status}"
    )
    return ToolFailed(
        "FFMPEG_FAILED",
        f"ffmpeg {end}.",
        advice="An operator can see what it said in the job's record.",
        details=details,
    )
