"""The house: settings, database and blobs of one installation, opened once by each process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy.orm import Session

from workflow.settings import Settings
from workflow.store import audit, migrations
from workflow.store.blobs import Blobs
from workflow.store.database import Database, insert_for
from workflow.store.tables import Blob, now_ms


@dataclass(frozen=True)
class House:
    settings: Settings
    db: Database
    blobs: Blobs

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One transaction, with its audit rows at its end; kept whole or not at all."""
        with self.db.write() as session:
            yield session
            audit.append_notes(session)

    @contextmanager
    def read(self) -> Iterator[Session]:
        with self.db.read() as session:
            yield session

    def close(self) -> None:
        self.db.close()


def open_house(settings: Settings) -> House:
    """The house of *settings*, its folders made and its database brought to this version of the tables.

    Safe whatever starts first: one process brings the tables up to date, the others wait for it.
    Raises ToolFailed DATABASE_NEWER when a newer Terjime has been here.
    """
    for folder in (settings.blob_dir, settings.work_dir, settings.upload_dir):
        folder.mkdir(parents=True, exist_ok=True)
    db = Database(settings.database_url)
    migrations.upgrade(db)
    return House(settings, db, Blobs(settings.blob_dir))


def remember_blob(session: Session, sha256: str, size: int, media_type: str) -> None:
    """Make a published blob visible, unless it is already."""
    insert = insert_for(session, Blob).values(
        sha256=sha256, size=size, media_type=media_type, state="present", created_at=now_ms()
    )
    # A damaged or lost one has just been written again.
    session.execute(
        insert.on_conflict_do_update(
            index_elements=[Blob.sha256], set_={"state": "present", "size": size}
        )
    )
