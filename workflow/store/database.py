"""One engine, two databases: SQLite for one machine, PostgreSQL for a team.

A writing transaction on SQLite always begins with BEGIN IMMEDIATE. Beginning
with a read and upgrading later failed "locked" at once in 987 of 1200 tries
with four processes, whatever the busy timeout; this way it was 0 of 1200.

Leases and message times use the database's clock (`db_now`), so that no
machine's wrong clock can take another's work away.
"""

from __future__ import annotations

import contextlib
import functools
import random
import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

from sqlalchemy import Delete, Float, Update, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, CursorResult, Engine
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.functions import FunctionElement

from workflow.errors import Conflict, NotAllowed, TerjimeError, ToolFailed, ToolMissing

BUSY_MS = 10_000  # how long a write waits for another before it gives up
_TRIES = 3
_P = ParamSpec("_P")
_T = TypeVar("_T")

#: Filesystems over a network: SQLite's WAL needs memory shared between processes of one machine.
_NETWORK_FILESYSTEMS = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "fuse.sshfs", "ceph"}


class db_now(FunctionElement[float]):
    """Seconds since 1970 UTC on the clock of the database, to the millisecond, at this statement."""

    type = Float()
    inherit_cache = True
    name = "db_now"


@compiles(db_now, "sqlite")
def _now_sqlite(element: Any, compiler: Any, **_: Any) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


@compiles(db_now, "postgresql")
def _now_postgresql(element: Any, compiler: Any, **_: Any) -> str:
    return "extract(epoch FROM clock_timestamp())::float8"


class Database:
    """Sessions on one database. Open it after a fork, not before: connections do not survive one."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite:
            self.engine = _sqlite_engine(str(self.url.database), url)
            self._writing: Engine = self.engine.execution_options(begin="BEGIN IMMEDIATE")
            self._reading: Engine = self.engine
        else:
            self.engine = _postgresql_engine(url)
            self._writing = self.engine
            self._reading = self.engine.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One transaction that may write; committed at the end, rolled back on an error.

        Raises ToolMissing DATABASE_BUSY when another write does not end, ToolFailed DISK_FULL.
        """
        with Session(self._writing, expire_on_commit=False) as session:
            try:
                session.connection()  # takes the write lock of SQLite here, before anything is read
                yield session
                session.commit()
            except DBAPIError as error:
                session.rollback()
                raise _in_our_words(error) from error

    @contextmanager
    def read(self) -> Iterator[Session]:
        """One consistent look at the database; nothing is kept."""
        with Session(self._reading, expire_on_commit=False) as session:
            try:
                yield session
            except DBAPIError as error:
                raise _in_our_words(error) from error
            finally:
                session.expunge_all()  # what was read stays readable; the rollback would empty it
                session.rollback()

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """A bare connection in a writing transaction, for migrations."""
        with self._writing.begin() as connection:
            yield connection

    def close(self) -> None:
        self.engine.dispose()


def in_whole(step: Callable[_P, _T]) -> Callable[_P, _T]:
    """Run *step*, which holds one whole transaction, again when the database asks for that.

    Locked, deadlocked and not serialisable: three tries with a random pause, none begun after ten
    seconds of waiting. Never around half of a transaction: what it read may have changed.
    """

    @functools.wraps(step)
    def tried(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        patience = time.monotonic() + BUSY_MS / 1000
        for remaining in reversed(range(_TRIES)):
            try:
                return step(*args, **kwargs)
            except ToolMissing as error:
                if error.code != "DATABASE_BUSY" or not remaining or time.monotonic() > patience:
                    raise
                time.sleep(random.uniform(0.02, 0.2))  # noqa: S311  jitter, not a secret
        raise AssertionError("unreachable")

    return tried


def insert_for(session: Session, table: type[Any]) -> Any:
    """An INSERT into *table* that knows ON CONFLICT; both databases spell it alike."""
    if session.get_bind().dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


def rows_changed(session: Session, statement: Update | Delete) -> int:
    """Run an UPDATE or DELETE and count its rows: what compare-and-set looks at.

    Rows that the session has loaded are not brought up to date. Not for INSERT: psycopg counts none there.
    """
    unsynchronised = statement.execution_options(synchronize_session=False)
    return cast(CursorResult[Any], session.execute(unsynchronised)).rowcount


def _sqlite_engine(path: str, url: str) -> Engine:
    if path and path != ":memory:":
        folder = Path(path).resolve().parent
        folder.mkdir(parents=True, exist_ok=True)
        if (kind := filesystem_of(folder)) in _NETWORK_FILESYSTEMS:
            raise ToolFailed(
                "DATABASE_ON_NETWORK",
                f"The embedded database cannot live on a network filesystem ({kind}).",
                where=str(folder),
                advice="Move the data folder to a local disk, or use PostgreSQL (TERJIME_DATABASE_URL).",
            )
    engine = create_engine(url, connect_args={"timeout": BUSY_MS / 1000})

    @event.listens_for(engine, "connect")
    def _set_up(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # pysqlite's own BEGIN comes too late; ours is below
        _switch_to_wal(connection)
        for pragma in (
            "synchronous=FULL",  # NORMAL may lose the last verdicts on a power cut
            f"busy_timeout={BUSY_MS}",
            "foreign_keys=ON",
            "wal_autocheckpoint=1000",
            f"journal_size_limit={64 << 20}",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        begin = connection.get_execution_options().get("begin", "BEGIN")
        connection.exec_driver_sql(begin)

    return engine


def _postgresql_engine(url: str) -> Engine:
    options = (
        f"-c lock_timeout={BUSY_MS} -c idle_in_transaction_session_timeout=60000 -c timezone=UTC"
    )
    return create_engine(
        make_url(url).set(drivername="postgresql+psycopg"),
        pool_pre_ping=True,
        connect_args={"options": options},
    )


def _switch_to_wal(connection: Any) -> None:
    """WAL is a property of the file: set once, and then only looked at.

    The switch answers "locked" at once while another process opens the same new file, whatever the timeout.
    """
    for _ in range(100):
        if connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
            return
        with contextlib.suppress(sqlite3.OperationalError):
            connection.execute("PRAGMA journal_mode=WAL")
            continue
        time.sleep(0.05)
    raise ToolMissing(
        "DATABASE_BUSY", "The database is held by another process and cannot be opened."
    )


#: PostgreSQL: lock not available, serialisation failure, deadlock.
_BUSY_STATES = {"55P03", "40001", "40P01"}
_BUSY_WORDS = re.compile(r"database( table)? is locked")
_FULL_WORDS = re.compile(r"database or disk is full|No space left on device")


def is_busy(error: DBAPIError) -> bool:
    """Whether the same transaction may succeed a moment later: locked, deadlocked, or the server went away."""
    state = getattr(error.orig, "sqlstate", None)
    return (
        error.connection_invalidated
        or state in _BUSY_STATES
        or bool(_BUSY_WORDS.search(str(error.orig)))
    )


def _in_our_words(error: DBAPIError) -> Exception:
    if is_busy(error):
        return ToolMissing(
            "DATABASE_BUSY",
            "The database is busy, or cannot be reached.",
            advice="Nothing was saved. Try again in a moment.",
        )
    if isinstance(error, OperationalError) and _FULL_WORDS.search(str(error.orig)):
        return ToolFailed(
            "DISK_FULL",
            "The disk that holds the database is full.",
            advice="Nothing was saved. Free some space and try again.",
        )
    for sign, refusal in _REFUSALS.items():
        if sign in str(error.orig):
            return refusal()
    return error


#: What the database's own triggers say, should a stage ever let something through.
_REFUSALS: dict[str, Callable[[], TerjimeError]] = {
    "OWN_CUES verdict": lambda: NotAllowed(
        "OWN_CUES", "Nobody approves a version that holds their own changes."
    ),
    "WRONG_STATE track_version": lambda: Conflict(
        "WRONG_STATE", "The version has moved on in the meantime."
    ),
    "NOT_APPROVED render": lambda: Conflict("NOT_APPROVED", "The version is not approved."),
}


def filesystem_of(folder: Path) -> str:
    """Type of the filesystem that holds *folder* ("ext4", "nfs4"), by the longest mount point above it."""
    try:
        mounts = Path("/proc/self/mounts").read_text().splitlines()
    except OSError:
        return ""
    best, kind = "", ""
    for line in mounts:
        _device, point, name, *_rest = line.split(" ")
        point = point.replace("\\040", " ")
        if len(point) >= len(best) and folder.is_relative_to(point):
            best, kind = point, name
    return kind
