"""The runner: it ends when it should, and says what happened."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from workflow.errors import Cancelled, Conflict, ToolFailed, ToolMissing
from workflow.media import process
from workflow.media.ffmpeg import find_ffmpeg, input_arguments, run_ffmpeg
from workflow.timebase import from_seconds

ENDLESS = ["-f", "lavfi", "-i", "testsrc=s=64x64", "-f", "null", "-"]


@pytest.fixture
def stub(tmp_path: Path):
    """``stub(code)``: a program in ffmpeg's place that runs this Python code."""

    def make(code: str) -> str:
        path = tmp_path / "ffmpeg"
        path.write_text(
            f"#!{sys.executable}\nimport os, sys, time, signal\n{textwrap.dedent(code)}"
        )
        path.chmod(0o755)
        return str(path)

    return make


@pytest.fixture
def without_util_linux(tmp_path: Path, monkeypatch):
    """A machine that has neither setpriv nor prlimit."""
    monkeypatch.setenv("PATH", str(tmp_path))
    process._has_util_linux.cache_clear()
    yield
    process._has_util_linux.cache_clear()


class Impatient:
    """A watch that stops the work at its third call and remembers the child it saw."""

    def __init__(
        self, error: Exception, own_children: Callable[[], list[psutil.Process]] = list
    ) -> None:
        self.error = error
        self.own_children = own_children
        self.calls = 0
        self.children: list[psutil.Process] = []

    def __call__(self, permille: int, doing: str) -> None:
        self.calls += 1
        self.children = self.own_children() or self.children
        if self.calls == 3:
            raise self.error


@pytest.mark.parametrize("error", [Cancelled("CANCELLED", "x"), Conflict("LEASE_LOST", "x")])
def test_when_the_watch_says_stop_ffmpeg_is_gone_and_the_error_passes(
    error: Exception, own_children
) -> None:
    watch = Impatient(error, own_children)
    with pytest.raises(type(error)):
        run_ffmpeg(ENDLESS, watch=watch)
    assert watch.children
    assert not any(child.is_running() for child in watch.children)


def test_a_program_that_ignores_sigterm_is_killed(stub, own_children, monkeypatch) -> None:
    monkeypatch.setattr(process, "_TERM_SECONDS", 0.2)
    deaf = stub("signal.signal(signal.SIGTERM, signal.SIG_IGN)\nwhile True: time.sleep(1)")
    watch = Impatient(Cancelled("CANCELLED", "x"), own_children)
    with pytest.raises(Cancelled):
        run_ffmpeg([], ffmpeg=deaf, watch=watch)
    assert watch.children
    assert not any(child.is_running() for child in watch.children)


def test_the_watch_is_called_while_ffmpeg_says_nothing(stub) -> None:
    watch = Impatient(Cancelled("CANCELLED", "x"))
    with pytest.raises(Cancelled):
        run_ffmpeg([], ffmpeg=stub("while True: time.sleep(1)"), watch=watch, stall_seconds=60)


@pytest.mark.parametrize(
    "code",
    [
        "while True: time.sleep(1)",
        "os.close(1); os.close(2)\nwhile True: time.sleep(1)",
        "while True: print('out_time_us=40000', flush=True); time.sleep(.05)",
    ],
)
def test_f23_a_run_that_stands_still_is_stopped_as_stalled(stub, own_children, code: str) -> None:
    with pytest.raises(ToolFailed) as failed:
        run_ffmpeg([], ffmpeg=stub(code), stall_seconds=0.3)
    assert failed.value.code == "STALLED"
    assert not own_children()


def test_f2_ffmpeg_dies_with_the_process_that_started_it(tmp_path, stub) -> None:
    stub("print('out_time_us=1', flush=True)\nwhile True: time.sleep(1)")
    parent_code = (
        "from workflow.media.ffmpeg import run_ffmpeg\n"
        "import psutil, sys\n"
        "def watch(permille, doing):\n"
        "    print(*(c.pid for c in psutil.Process().children()), flush=True)\n"
        f"run_ffmpeg([], ffmpeg={str(tmp_path / 'ffmpeg')!r}, watch=watch)\n"
    )
    with subprocess.Popen([sys.executable, "-c", parent_code], stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        parent.stdout.readline()
        child = psutil.Process(int(parent.stdout.readline()))
        while "ffmpeg" not in " ".join(child.cmdline()[:2]):
            time.sleep(0.01)  # setpriv and prlimit hand over to the program
        parent.kill()
    _, alive = psutil.wait_procs([child], timeout=20)
    assert not alive


def test_progress_comes_in_permille_of_the_duration_and_never_goes_back(stub) -> None:
    heard: list[tuple[int, str]] = []
    talking = stub(
        "for t in 500000, 1000000, 250000: print(f'out_time_us={t}', flush=True); time.sleep(.6)"
    )
    run_ffmpeg(
        [],
        ffmpeg=talking,
        duration=from_seconds(2),
        doing="Encoding",
        watch=lambda *it: heard.append(it),
    )
    permille = [number for number, _ in heard]
    assert permille == sorted(permille)
    assert permille[0] == 0
    assert permille[-1] == 1000
    assert set(permille) <= {0, 250, 500, 1000}
    assert {doing for _, doing in heard} == {"Encoding"}


def test_an_error_of_ffmpeg_is_told_to_operators_and_not_in_the_message(tmp_path) -> None:
    with pytest.raises(ToolFailed) as failed:
        run_ffmpeg([*input_arguments(tmp_path / "secret name", "mp4"), "-f", "null", "-"])
    assert failed.value.code == "FFMPEG_FAILED"
    assert "secret name" not in failed.value.message
    assert "No such file" in failed.value.details["said"]


def test_f9_a_full_disk_is_named_whatever_the_exit_status() -> None:
    full = ["-y", "-f", "lavfi", "-i", "testsrc=d=1", "-f", "matroska", "/dev/full"]
    with pytest.raises(ToolFailed) as failed:
        run_ffmpeg(full)
    assert failed.value.code == "DISK_FULL"


@pytest.mark.parametrize("words", ["x: No space left on device", "Error writing trailer: oh"])
def test_m3_status_0_after_a_failed_write_is_a_failure(stub, words: str) -> None:
    half = len(words) // 2
    liar = stub(
        f"os.write(2, {words[:half].encode()!r}); time.sleep(.05); os.write(2, {words[half:].encode()!r})"
    )
    with pytest.raises(ToolFailed):
        run_ffmpeg([], ffmpeg=liar)


def test_an_output_that_is_already_there_is_a_failure(film: Path) -> None:
    with pytest.raises(ToolFailed, match="FFMPEG_FAILED"):
        run_ffmpeg([*input_arguments(film, "mp4"), "-f", "mp4", str(film)])


def test_limits_hold_and_secrets_stay_with_us(stub, monkeypatch) -> None:
    monkeypatch.setenv("TERJIME_SECRET_KEY", "hush")
    curious = stub(
        """
        import resource
        sys.stderr.write(" ".join(sorted(os.environ)) + "\\n")
        for name in "CORE", "NOFILE", "AS", "CPU", "FSIZE":
            sys.stderr.write(f"{name}={resource.getrlimit(getattr(resource, 'RLIMIT_' + name))[1]}\\n")
        sys.stderr.write(open("/proc/self/status").read())
        """
    )
    limits = {"memory_bytes": 1 << 30, "cpu_seconds": 7, "file_bytes": 1 << 20}
    said = run_ffmpeg([], ffmpeg=curious, **limits)
    assert "TERJIME" not in said
    for line in ("CORE=0", "NOFILE=256", f"AS={1 << 30}", "CPU=7", f"FSIZE={1 << 20}"):
        assert line in said
    assert "NoNewPrivs:\t1" in said


def test_limits_hold_without_util_linux_too(stub, without_util_linux) -> None:
    said = run_ffmpeg([], ffmpeg=stub('sys.stderr.write(open("/proc/self/limits").read())'))
    assert "Max open files            256" in said
    assert "-xerror" in run_ffmpeg([], ffmpeg=stub("sys.stderr.write(' '.join(sys.argv))"))


def test_a_file_larger_than_allowed_ends_the_run(tmp_path) -> None:
    with pytest.raises(ToolFailed, match="FFMPEG_FAILED"):
        run_ffmpeg(
            ["-f", "lavfi", "-i", "testsrc=s=640x480:d=1", "-f", "rawvideo", str(tmp_path / "x")],
            file_bytes=10_000,
        )
    assert (tmp_path / "x").stat().st_size <= 10_000


def test_19_memory_is_limited(film: Path) -> None:
    with pytest.raises(ToolFailed):
        run_ffmpeg([*input_arguments(film, "mp4"), "-f", "null", "-"], memory_bytes=64 << 20)


def test_ffmpeg_that_is_not_there_is_missing(monkeypatch, tmp_path) -> None:
    with pytest.raises(ToolMissing, match="FFMPEG_MISSING"):
        find_ffmpeg(str(tmp_path / "nothing"))
    monkeypatch.setenv("TERJIME_FFMPEG", str(tmp_path / "nothing either"))
    with pytest.raises(ToolMissing, match="FFMPEG_MISSING"):
        find_ffmpeg()
    monkeypatch.delenv("TERJIME_FFMPEG")
    assert os.access(find_ffmpeg(), os.X_OK)
