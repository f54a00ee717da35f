"""`terjime up`: everything on one machine, supervised: a part that dies is started again."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import click

from workflow.errors import ToolFailed, ToolMissing
from workflow.settings import Settings

FREE_MB_NEEDED = 2000
LOG_BYTES_KEPT = 10_000_000
BACKOFF_SECONDS = (0.2, 1, 2, 5, 10)  # a part that lived for 30 s starts again at the first
MOST_WORKERS = 3  # unless asked for: more writers than these and one more do not suit SQLite
STOP_SECONDS = 12  # a render worker hands its job back on SIGTERM; then the group is killed
PR_SET_PDEATHSIG = 1


@dataclass
class Part:
    """One supervised process and its group."""

    name: str
    command: Sequence[str]
    nice: int = 0
    process: subprocess.Popen[bytes] | None = None
    started: float = 0
    failures: int = 0
    again_at: float = 0

    def start(self, settings: Settings) -> None:
        log = open_log(settings.data_dir / "logs" / f"{self.name}.log")
        with log:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment(settings),
                start_new_session=True,
                preexec_fn=lambda: _before_exec(self.nice),  # noqa: PLW1509 (one thread here)
            )
        self.started = time.monotonic()
        (settings.data_dir / "run" / f"{self.name}.pid").write_text(str(self.process.pid))

    def signal_group(self, number: int) -> None:
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)


def _before_exec(nice: int) -> None:
    os.nice(nice)
    if sys.platform == "linux":
        # If the supervisor itself is killed, nothing is left running.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def open_log(path: Path) -> IO[bytes]:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > LOG_BYTES_KEPT:
        path.replace(path.with_suffix(".log.1"))
    return path.open("ab")


def environment(settings: Settings) -> dict[str, str]:
    """What the parts are started with: this process's own, and where things are."""
    return os.environ | {
        "TERJIME_DATA": str(settings.data_dir),
        "TERJIME_DATABASE_URL": settings.database_url,
        "TERJIME_REDIS_URL": settings.redis_url,
        "TERJIME_PORT": str(settings.port),
        "TERJIME_HOST": settings.host,
        "PYTHONUNBUFFERED": "1",
        "REMAP_SIGTERM": "SIGQUIT",  # Celery: hand jobs back at once, do not wait for a long render
    }


def parts(settings: Settings, workers: int) -> list[Part]:
    """The processes of one machine, in the order in which they start."""
    python = sys.executable

    def worker(queue: str, number: int, nice: int) -> Part:
        name = f"{queue}-{number}"
        command = [python, "-m", "celery", "-A", "workers.app", "worker", "-Q", queue, "-c", "1"]
        return Part(name, [*command, "-n", f"{name}@%h", "--loglevel", "INFO"], nice)

    web = [python, "-m", "gunicorn", "--worker-class", "web.server.Worker", "--workers", "1"]
    web += ["--threads", "32", "--bind", f"{settings.host}:{settings.port}", "--timeout", "60"]
    web += ["--graceful-timeout", "5", "--keep-alive", "30", "web.wsgi:app"]
    made = [Part("web", web), Part("sweeper", [python, "-m", "workers.sweeper"])]
    made.append(worker("fast", 1, 0))
    made += [worker("render", number, 10) for number in range(1, workers + 1)]
    if settings.broker_socket is not None:
        made.insert(0, Part("redis", [python, "-m", "workers.broker", str(settings.data_dir)]))
    return made


@dataclass
class Supervisor:
    settings: Settings
    parts: list[Part]
    stopping: bool = False
    said: list[str] = field(default_factory=list)

    def run(self, on_ready: Callable[[], None]) -> None:
        """Until Ctrl-C or SIGTERM; returns when nothing is left running."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._stop)
        try:
            for part in self.parts:
                part.start(self.settings)
            ready = False
            while not self.stopping:
                self._restart_the_dead()
                if not ready and answers(self.settings):
                    ready = True
                    on_ready()
                time.sleep(0.2)
        finally:
            self._stop_all()

    def _stop(self, _signal: int, _frame: object) -> None:
        self.stopping = True

    def _restart_the_dead(self) -> None:
        now = time.monotonic()
        for part in self.parts:
            if part.process is None:
                if now >= part.again_at:
                    part.start(self.settings)
            elif part.process.poll() is not None:
                part.signal_group(signal.SIGKILL)  # what it left behind
                if now - part.started > 30:
                    part.failures = 0
                pause = BACKOFF_SECONDS[min(part.failures, len(BACKOFF_SECONDS) - 1)]
                part.failures += 1
                part.again_at = now + pause
                status = part.process.returncode
                part.process = None
                click.echo(
                    f"{part.name} ended ({status}); starting it again in {pause:g} s. "
                    f"Its log: {self.settings.data_dir / 'logs' / part.name}.log",
                    err=True,
                )

    def _stop_all(self) -> None:
        # Redis last: workers hand their jobs back first.
        for part in reversed(self.parts):
            part.signal_group(signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        for part in reversed(self.parts):
            if part.process is not None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    part.process.wait(max(0.1, deadline - time.monotonic()))
                part.signal_group(signal.SIGKILL)
                part.process.wait()
            (self.settings.data_dir / "run" / f"{part.name}.pid").unlink(missing_ok=True)


def answers(settings: Settings) -> bool:
    try:
        with urllib.request.urlopen(
            f"http://{settings.host}:{settings.port}/healthz", timeout=1
        ) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def refuse_taken_port(settings: Settings) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise ToolMissing(
                "PORT_TAKEN",
                f"Port {settings.port} on {settings.host} is in use.",
                advice=f"Stop what uses it, or take another: make up PORT={settings.port + 1}.",
            ) from error


def refuse_full_disk(directory: Path) -> None:
    free = shutil.disk_usage(directory).free // 1_000_000
    if free < FREE_MB_NEEDED:
        raise ToolMissing(
            "DISK_FULL",
            f"Terjime needs {FREE_MB_NEEDED} MB free in {directory}; {free} MB are.",
            advice="Free some space, or give another folder: terjime up --data DIR.",
        )


@contextlib.contextmanager
def only_one(data_dir: Path) -> Iterator[None]:
    """One `terjime up` a data folder."""
    with (data_dir / "terjime.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ToolFailed(
                "ALREADY_RUNNING",
                f"Terjime already runs on {data_dir}.",
                advice="Stop it with Ctrl-C where it runs, or give another folder: --data DIR.",
            ) from error
        yield


def first_accounts(settings: Settings) -> str:
    """On a new database: the sample project and its three people. Returns what to print, once."""
    from workflow import stages  # noqa: PLC0415 (the engines load only when something is started)
    from workflow.cli.sample import SAMPLE_PEOPLE, make_sample  # noqa: PLC0415
    from workflow.store.house import open_house  # noqa: PLC0415

    house = open_house(settings)
    if stages.people(house):
        return "Sign in as before. A forgotten password: .venv/bin/terjime users password EMAIL"
    passwords = {email: secrets.token_urlsafe(9) for email in SAMPLE_PEOPLE}
    make_sample(house, passwords)
    rows = [
        f"  {role:<11} {email:<26} {passwords[email]}" for email, (_, role) in SAMPLE_PEOPLE.items()
    ]
    return "\n".join(
        [
            "Three people are ready. Their passwords are shown this once:",
            "",
            *rows,
            "",
            "The sample film is being taken in; its project is there when you sign in.",
        ]
    )


@click.command()
@click.option("--data", type=click.Path(path_type=Path), help="Folder of everything it keeps.")
@click.option("--port", type=int, help="Port of the pages (8000).")
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=min(MOST_WORKERS, os.cpu_count() or 1),
    help=f"Render workers (one a core, up to {MOST_WORKERS}).",
)
@click.option("--sample/--no-sample", default=True, help="Make the sample project when it is new.")
def up(data: Path | None, port: int | None, workers: int, sample: bool) -> None:
    """Start everything on this machine and keep it running until Ctrl-C."""
    if port is not None:
        os.environ["TERJIME_PORT"] = str(port)
    settings = Settings.from_env(data)
    for folder in ("run", "logs", "blobs", "work", "uploads"):
        (settings.data_dir / folder).mkdir(parents=True, exist_ok=True)
    with only_one(settings.data_dir):
        refuse_taken_port(settings)
        refuse_full_disk(settings.data_dir)
        from workflow.store.migrations import upgrade  # noqa: PLC0415

        upgrade(settings.database_url)
        words = first_accounts(settings) if sample else ""

        def ready() -> None:
            if words:
                click.echo(f"\n{words}")
            click.echo(f"\nTerjime is at http://localhost:{settings.port}  (Ctrl-C stops it)\n")

        Supervisor(settings, parts(settings, workers)).run(ready)
    click.echo("Stopped; nothing is left running.")
