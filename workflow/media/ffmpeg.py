"""The only place that starts ffmpeg: watched, limited, killed when nobody wants it any more.

An exit status is not evidence (ffmpeg says 0 for films cut short by a full
disk), so whoever called measures the finished file. This module answers for
the process: it ends when its parent dies, when the watch says stop and when it
stands still, and it sees none of our secrets.

Filter graphs are built with ffmpeg-python and handed over as argument lists;
`film_input` is the one way a user's file is named in them.
"""

from __future__ import annotations

import os
import resource
import selectors
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

import ffmpeg as graphs

from workflow.errors import ToolFailed, ToolMissing
from workflow.media import limits
from workflow.progress import Watch, unwatched
from workflow.timebase import FLICKS_PER_SECOND, Flicks

GIB = 1 << 30

#: Our names of containers → ffmpeg's demuxers. Nothing else is ever opened: no playlist, no image
#: sequence, no lavfi, no SDP (an HLS playlist saved as .mp4 makes ffmpeg read other local files).
DEMUXERS: Mapping[str, str] = {
    "mp4": "mov",
    "matroska": "matroska",
    "mpegts": "mpegts",
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
_TERM_SECONDS = 5.0
_LOOK_SECONDS = 0.5  # between two calls of the watch
_TAIL_BYTES = 64 << 10
_KEPT_ENVIRONMENT = ("PATH", "HOME", "TMPDIR", "FONTCONFIG_FILE", "FONTCONFIG_PATH")
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
    command = [
        *_confined(memory_bytes=memory_bytes, cpu_seconds=cpu_seconds, file_bytes=file_bytes),
        find_ffmpeg(ffmpeg),
        *_BASE,
        *(() if tolerant else ("-xerror",)),
        *arguments,
    ]
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=cwd,
        env=_environment(),
        start_new_session=True,
    ) as process:
        listener = _Listener(process)
        try:
            _follow(
                process, listener, duration, lambda permille: watch(permille, doing), stall_seconds
            )
        except BaseException:
            _stop(process)
            raise
        finally:
            listener.close()
    if process.returncode or listener.failure:
        raise _failed(process.returncode, listener)
    return listener.said()


def _follow(
    process: subprocess.Popen[bytes],
    listener: _Listener,
    duration: Flicks | None,
    watch: Callable[[int], None],
    stall_seconds: float,
) -> None:
    """Until the process has ended: hand its progress to *watch*, and notice when it stands still."""
    micros = duration * 1_000_000 // FLICKS_PER_SECOND if duration else 0
    permille = 0
    moved, moved_at = listener.advance(), time.monotonic()
    watch(0)
    while listener.listen(_LOOK_SECONDS) or _lingers(process):
        if (now := listener.advance()) != moved:
            moved, moved_at = now, time.monotonic()
        if time.monotonic() - moved_at > stall_seconds:
            raise ToolFailed(
                "STALLED",
                f"ffmpeg made no progress for {stall_seconds:g} seconds and was stopped.",
                advice="It is tried again; if it stalls once more, look at the machine's load and disk.",
                details={"said": listener.said()},
            )
        if micros:
            permille = max(permille, min(1000, listener.out_time * 1000 // micros))
        watch(permille)
    if process.returncode == 0 and not listener.failure:
        watch(1000)


def _lingers(process: subprocess.Popen[bytes]) -> bool:
    """Whether it still runs a moment after closing its pipes."""
    try:
        process.wait(_LOOK_SECONDS)
    except subprocess.TimeoutExpired:
        return True
    return False


class _Listener:
    """Reads both pipes of ffmpeg in the calling thread, keeping little.

    out_time   microseconds of output so far
    failure    the sign of a failed write, which ffmpeg may not tell by its exit status
    """

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.out_time = 0
        self.failure = b""
        self._io = Path(f"/proc/{process.pid}/io")
        self._seen: tuple[int, ...] = (0, 0, 0)
        self._line = b""
        self._tail = b""
        self._selector = selectors.DefaultSelector()
        self._register(process.stdout, self._hear_progress)
        self._register(process.stderr, self._hear_words)

    def _register(self, pipe: IO[bytes] | None, hear: Any) -> None:
        if pipe is None:
            raise ValueError("both outputs of the process must be pipes")
        os.set_blocking(pipe.fileno(), False)
        self._selector.register(pipe, selectors.EVENT_READ, hear)

    def listen(self, seconds: float) -> bool:
        """Hear for up to *seconds*. False once both pipes are closed."""
        until = time.monotonic() + seconds
        while self._selector.get_map():
            if (left := until - time.monotonic()) <= 0:
                return True
            for key, _ in self._selector.select(left):
                chunk = os.read(key.fd, 1 << 16)
                if chunk:
                    key.data(chunk)
                else:
                    self._selector.unregister(key.fileobj)
        return False

    def advance(self) -> tuple[int, ...]:
        """Grows while ffmpeg gets on: frames, time, size; bytes written tell of the last pass over a big MP4."""
        try:
            lines = self._io.read_text().splitlines()
            written = next(int(line[13:]) for line in lines if line.startswith("write_bytes: "))
        except (OSError, StopIteration):
            written = 0
        return (*self._seen, written)

    def said(self) -> str:
        return self._tail.decode("utf-8", "replace")

    def close(self) -> None:
        self._selector.close()

    def _hear_progress(self, chunk: bytes) -> None:
        *lines, self._line = (self._line + chunk).split(b"\n")
        frames, out_time, size = self._seen
        for line in lines:
            key, _, text = line.partition(b"=")
            value = int(text) if text.strip().isdigit() else 0
            if key == b"frame":
                frames = value
            elif key == b"out_time_us":
                out_time = value
            elif key == b"total_size":
                size = value
        self._seen = (frames, out_time, size)
        self.out_time = max(self.out_time, out_time)

    def _hear_words(self, chunk: bytes) -> None:
        before = self._tail[-max(map(len, _SIGNS_OF_FAILURE)) :]
        for sign in _SIGNS_OF_FAILURE:
            if sign in before + chunk and self.failure != _DISK_FULL:
                self.failure = sign
        self._tail = (self._tail + chunk)[-_TAIL_BYTES:]


def _stop(process: subprocess.Popen[bytes]) -> None:
    """SIGTERM, 5 s, SIGKILL to the whole group; returns when the process is gone."""
    for number, patience in ((signal.SIGTERM, _TERM_SECONDS), (signal.SIGKILL, None)):
        if process.poll() is not None:
            return
        try:
            os.killpg(process.pid, number)
            process.wait(patience)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue


def _failed(status: int, listener: _Listener) -> ToolFailed:
    details = {"status": status, "said": listener.said()}
    if listener.failure == _DISK_FULL:
        return ToolFailed(
            "DISK_FULL",
            "The disk became full while ffmpeg was writing.",
            advice="Free some space and try again.",
            details=details,
        )
    end = f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"
    return ToolFailed(
        "FFMPEG_FAILED",
        f"ffmpeg {end}.",
        advice="An operator can see what it said in the job's record.",
        details=details,
    )


def _environment() -> dict[str, str]:
    """What ffmpeg may know of ours: no keys, no database address. Few arenas: each takes address space."""
    kept = {name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ}
    return {**kept, "LC_ALL": "C.UTF-8", "MALLOC_ARENA_MAX": "4", "AV_LOG_FORCE_NOCOLOR": "1"}


def _confined(*, memory_bytes: int, cpu_seconds: int | None, file_bytes: int | None) -> list[str]:
    """The words before the program that give it limits and tie its life to ours.

    No limit on processes: the kernel counts those of the whole user, not of this run.
    """
    limits = {"CORE": 0, "NOFILE": 256, "AS": memory_bytes, "CPU": cpu_seconds, "FSIZE": file_bytes}
    given = {name: value for name, value in limits.items() if value is not None}
    if _has_setpriv():
        return [
            *("setpriv", "--pdeathsig", "KILL", "--no-new-privs", "--"),
            *("prlimit", *(f"--{name.lower()}={value}" for name, value in given.items()), "--"),
        ]
    numbers = [f"{getattr(resource, f'RLIMIT_{name}')}={value}" for name, value in given.items()]
    return [sys.executable, "-I", "-S", "-c", _LAUNCHER, str(os.getpid()), *numbers, "--"]


@lru_cache(maxsize=1)
def _has_setpriv() -> bool:
    """util-linux has both; busybox has a setpriv that does not know --pdeathsig."""
    if not (shutil.which("setpriv") and shutil.which("prlimit")):
        return False
    probe = [
        "setpriv",
        "--pdeathsig",
        "KILL",
        "--no-new-privs",
        "--",
        "prlimit",
        "--core=0",
        "--",
        "true",
    ]
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0


# Where util-linux is missing. A program of its own, because code between fork and exec of a process
# with threads may hang; 1 is PR_SET_PDEATHSIG, 38 PR_SET_NO_NEW_PRIVS (linux/prctl.h).
_LAUNCHER = """
import ctypes, os, resource, sys
split = sys.argv.index("--")
parent, limits, command = int(sys.argv[1]), sys.argv[2:split], sys.argv[split + 1:]
if sys.platform == "linux":
    libc = ctypes.CDLL(None)
    libc.prctl(1, 9, 0, 0, 0)
    libc.prctl(38, 1, 0, 0, 0)
if os.getppid() != parent:
    sys.exit(1)
for limit in limits:
    name, value = map(int, limit.split("="))
    resource.setrlimit(name, (value, value))
os.execv(command[0], command)
"""
