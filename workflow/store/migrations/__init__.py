"""Every change of the tables, in order, applied by `upgrade` when a house is opened.

A new one: write it in `versions/`, set HEAD to its revision; a test holds models and migrations together.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import inspect, text

from workflow.errors import ToolFailed
from workflow.store.database import Database

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy.engine import Connection

HEAD = "0007"
_LOCK = 0x6D696772  # any fixed number: "migr"


def head_revision() -> str:
    """The revision that this release's tables are at."""
    return HEAD


def current_revision(database_url: str) -> str | None:
    """The revision that the tables of a database are at; None for an empty one."""
    with _opened(database_url) as db, db.engine.connect() as connection:
        return _revision(connection)


def upgrade(database: Database | str) -> None:
    """Bring the tables of a database (or of its URL) to HEAD, or wait for the process that is doing it.

    Raises ToolFailed DATABASE_NEWER when a newer Terjime has been here.
    """
    if isinstance(database, str):
        with _opened(database) as opened:
            upgrade(opened)
        return
    db = database
    with db.engine.connect() as connection:
        if _revision(connection) == HEAD:
            return
    with db.connection() as connection:
        if not db.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        now = _revision(connection)
        if now == HEAD:
            return
        _run(connection, now)


@contextmanager
def _opened(database_url: str) -> Iterator[Database]:
    db = Database(database_url)
    try:
        yield db
    finally:
        db.close()


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def alembic_config() -> Config:
    """Alembic's view of this folder; works from a source tree and from an installed wheel."""
    from alembic.config import Config  # noqa: PLC0415  0.2 s that a running installation need not pay

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    return config


def _run(connection: Connection, now: str | None) -> None:
    from alembic import command  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = alembic_config()
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if now is not None and now not in known:
        raise ToolFailed(
            "DATABASE_NEWER",
            f"The database was written by a newer Terjime (tables {now}, this one knows {HEAD}).",
            advice="Start the newer version, or restore a backup made with this one.",
        )
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
