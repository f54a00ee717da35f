"""The only place that starts a program on a user's file: limited, listened to, killed when unwanted.

The program ends when its parent dies, when the look-in says stop and when it
stands still; it gets no privileges, no standard input but ours, and none of
our secrets.
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
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

import workflow
from workflow.errors import ToolFailed

GIB = 1 << 30

_TERM_SECONDS = 5.0
_LOOK_SECONDS = 0.5  # between two look-ins
_TAIL_BYTES = 64 << 10
_KEPT_ENVIRONMENT = ("PATH", "HOME", "TMPDIR", "FONTCONFIG_FILE", "FONTCONFIG_PATH")
_SETPRIV = ("setpriv", "--pdeathsig", "KILL", "--no-new-privs", "--")


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one run: bytes of address space, seconds of all threads together, bytes of one written file."""

    memory_bytes: int = 4 * GIB
    cpu_seconds: int | None = None
    file_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended: exit status (negative: the signal) and the last 64 KiB of its standard error."""

    status: int
    said: str
    signs: frozenset[
        bytes
    ]  # those of the signs looked for that were said, also before the last 64 KiB


def run_confined(
    command: Sequence[str],
    *,
    limits: Limits,
    stall_seconds: float,
    hear: Callable[[bytes, bytes], None],
    look: Callable[[], None],
    signs: Sequence[bytes] = (),
    cwd: Path | None = None,
    given: bytes = b"",
    environment: Mapping[str, str] | None = None,
) -> Ended:
    """Run *command* to its end.

    hear           gets each line ``key=value`` of its standard output
    look           called about twice a second, whatever the program does; when it raises, the program is
                   stopped (SIGTERM, 5 s, SIGKILL to its group), waited for, and the error passes
    stall_seconds  with no new value in any line and no byte written to disk, before ToolFailed STALLED
    signs          words to look for in standard error
    given          for its standard input, at most what a pipe holds (64 KiB)

    Call it from a thread that lives until it returns: the kernel kills the program when that thread ends.
    """
    with subprocess.Popen(
        [*_confinement(limits), *command],
        stdin=subprocess.PIPE if given else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=cwd,
        env={**_environment(), **(environment or {})},
        start_new_session=True,
    ) as process:
        listener = _Listener(process, hear, signs)
        try:
            if process.stdin:
                with suppress(BrokenPipeError), process.stdin as pipe:
                    pipe.write(given)
            _follow(process, listener, look, stall_seconds)
        except BaseException:
            _stop(process)
            raise
        finally:
            listener.close()
    return Ended(process.returncode, listener.said(), frozenset(listener.signs_seen))


def _follow(
    process: subprocess.Popen[bytes],
    listener: _Listener,
    look: Callable[[], None],
    stall_seconds: float,
) -> None:
    moved, moved_at = listener.advance(), time.monotonic()
    look()
    while listener.listen(_LOOK_SECONDS) or _lingers(process):
        if (now := listener.advance()) != moved:
            moved, moved_at = now, time.monotonic()
        if time.monotonic() - moved_at > stall_seconds:
            raise stalled(stall_seconds, listener.said())
        look()


def stalled(seconds: float, said: str = "") -> ToolFailed:
    return ToolFailed(
        "STALLED",
        f"The work made no progress for {seconds:g} seconds and was stopped.",
        advice="It is tried again; if it stalls once more, look at the machine's load and disk.",
        details={"said": said},
    )


def _lingers(process: subprocess.Popen[bytes]) -> bool:
    """Whether it still runs a moment after closing its pipes."""
    try:
        process.wait(_LOOK_SECONDS)
    except subprocess.TimeoutExpired:
        return True
    return False


class _Listener:
    """Reads both outputs of a program in the calling thread, keeping little."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        hear: Callable[[bytes, bytes], None],
        signs: Sequence[bytes],
    ) -> None:
        self.signs_seen: set[bytes] = set()
        self._hear, self._signs = hear, signs
        self._io = Path(f"/proc/{process.pid}/io")
        self._line = b""
        self._tail = b""
        self._seen: dict[bytes, int] = {}
        self._selector = selectors.DefaultSelector()
        self._register(process.stdout, self._hear_lines)
        self._register(process.stderr, self._hear_words)

    def _register(self, pipe: IO[bytes] | None, hear: Any) -> None:
        if pipe is None:
            raise ValueError("both outputs of the program must be pipes")
        os.set_blocking(pipe.fileno(), False)
        self._selector.register(pipe, selectors.EVENT_READ, hear)

    def listen(self, seconds: float) -> bool:
        """Hear for up to *seconds*. False once both pipes are closed."""
        until = time.monotonic() + seconds
        while self._selector.get_map():
            if (left := until - time.monotonic()) <= 0:
                return True
            for key, _ in self._selector.select(left):
                if chunk := os.read(key.fd, 1 << 16):
                    key.data(chunk)
                else:
                    self._selector.unregister(key.fileobj)
        return False

    def advance(self) -> tuple[int, ...]:
        """Changes while the program gets on: the largest number in any of its lines, and bytes on the disk.

        The bytes tell of what says nothing, like ffmpeg's last pass over a big MP4.
        """
        try:
            lines = self._io.read_text().splitlines()
            written = next(int(line[13:]) for line in lines if line.startswith("write_bytes: "))
        except (OSError, StopIteration):
            written = 0
        return (*self._seen.values(), written)

    def said(self) -> str:
        return self._tail.decode("utf-8", "replace")

    def close(self) -> None:
        self._selector.close()

    def _hear_lines(self, chunk: bytes) -> None:
        *lines, rest = (self._line + chunk).split(b"\n")
        self._line = rest[: 1 << 20]
        for line in lines:
            key, _, value = line.partition(b"=")
            value = value.strip()
            if value.isdigit() and len(self._seen) < 100:
                self._seen[key] = max(self._seen.get(key, 0), int(value))
            self._hear(key, value)

    def _hear_words(self, chunk: bytes) -> None:
        recent = self._tail[-max(map(len, self._signs), default=0) :] + chunk
        self.signs_seen.update(sign for sign in self._signs if sign in recent)
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


def python_environment() -> dict[str, str]:
    """For a program of this package: found wherever it runs from; one thread, as each reserves address space."""
    return {
        "PYTHONPATH": str(Path(workflow.__path__[0]).parent),
        "PYTHONSAFEPATH": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }


def _environment() -> dict[str, str]:
    """What a program may know of ours: no keys, no database address. Few arenas: each takes address space."""
    kept = {name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ}
    return {**kept, "LC_ALL": "C.UTF-8", "MALLOC_ARENA_MAX": "4"}


def _confinement(limits: Limits) -> list[str]:
    """The words before a program that give it limits and tie its life to ours.

    No limit on processes: the kernel counts those of the whole user, not of this run.
    """
    values = {
        "CORE": 0,
        "NOFILE": 256,
        "AS": limits.memory_bytes,
        "CPU": limits.cpu_seconds,
        "FSIZE": limits.file_bytes,
    }
    wanted = {name: value for name, value in values.items() if value is not None}
    if _has_util_linux():
        options = [f"--{name.lower()}={value}" for name, value in wanted.items()]
        return [*_SETPRIV, "prlimit", *options, "--"]
    numbers = [f"{getattr(resource, f'RLIMIT_{name}')}={value}" for name, value in wanted.items()]
    return [sys.executable, "-I", "-S", "-c", _LAUNCHER, str(os.getpid()), *numbers, "--"]


@lru_cache(maxsize=1)
def _has_util_linux() -> bool:
    """Whether setpriv and prlimit are there and work; busybox has a setpriv without --pdeathsig."""
    if not (shutil.which("setpriv") and shutil.which("prlimit")):
        return False
    attempt = [*_SETPRIV, "prlimit", "--core=0", "--", "true"]
    return subprocess.run(attempt, capture_output=True, check=False).returncode == 0


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
