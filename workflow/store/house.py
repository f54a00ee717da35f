"""The house: settings, database and blobs of one installation, opened once by each process."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from sqlalchemy import case, select, update
from sqlalchemy.orm import Session

from workflow.errors import Conflict
from workflow.settings import Settings
from workflow.store import audit, migrations
from workflow.store.blobs import Blobs, FolderBlobs
from workflow.store.database import Database, in_whole, insert_for, rows_changed
from workflow.store.tables import Blob, now_ms

GOING_SECONDS = 60.0  # how long a publisher waits for the removal of the same file to end


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
        self.blobs.close()
        self.db.close()


def open_house(settings: Settings) -> House:
    """The house of *settings*, its folders made and its database brought to this version of the tables.

    Safe whatever starts first: one process brings the tables up to date, the others wait for it.
    Raises ToolFailed DATABASE_NEWER when a newer Terjime has been here.
    """
    for folder in (settings.work_dir, settings.upload_dir):
        folder.mkdir(parents=True, exist_ok=True)
    blobs = _blobs(settings)
    db = Database(settings.database_url)
    migrations.upgrade(db)
    blobs.reserve = partial(reserve, db)
    return House(settings, db, blobs)


def _blobs(settings: Settings) -> Blobs:
    if settings.blob_dir is not None:
        settings.blob_dir.mkdir(parents=True, exist_ok=True)
        return FolderBlobs(settings.blob_dir)
    from workflow.store.cache import BlobCache  # noqa: PLC0415
    from workflow.store.s3 import Place, S3Blobs  # noqa: PLC0415  boto3 takes a third of a second

    settings.cache_dir.mkdir(parents=True, exist_ok=True)
    return S3Blobs(Place.of(settings.blobs), BlobCache(settings.cache_dir, settings.cache_bytes))


def remember_blob(session: Session, sha256: str, size: int, media_type: str) -> None:
    """Make a published blob visible, unless it is already. Raises Conflict BLOB_GOING.

    In the transaction that refers to it, within a day of its publication: `collect` counts on both.
    """
    insert = insert_for(session, Blob).values(
        sha256=sha256, size=size, media_type=media_type, state="present", created_at=now_ms()
    )
    # A damaged or lost one has just been written again; a condemned one is needed after all.
    kept = insert.on_conflict_do_update(
        index_elements=[Blob.sha256],
        set_={
            "state": "present",
            "size": size,
            "condemned_at": None,
            # A file that was found without a row has none until now.
            "media_type": case((Blob.media_type == "", media_type), else_=Blob.media_type),
        },
        where=Blob.state != "removing",
    ).returning(Blob.sha256)
    if session.execute(kept).first() is None:
        raise blob_going(sha256)


def reserve(db: Database, sha256: str) -> None:
    """What is about to be published shall not be removed meanwhile. Raises Conflict BLOB_GOING.

    From the moment a blob is condemned until it is removed, a day passes (`collect`): one that is not
    condemned now is safe for as long as a job may take. One whose file is just being removed is waited for.
    """
    patience = time.monotonic() + GOING_SECONDS
    while not _reserved(db, sha256):
        if time.monotonic() > patience:
            raise blob_going(sha256)
        time.sleep(0.05)


@in_whole
def _reserved(db: Database, sha256: str) -> bool:
    row = select(Blob.state, Blob.condemned_at).where(Blob.sha256 == sha256)
    with db.read() as session:
        found = session.execute(row).first()
    if found is None or (found.state != "removing" and found.condemned_at is None):
        return True
    with db.write() as session:
        wanted = update(Blob).where(Blob.sha256 == sha256, Blob.state != "removing")
        return rows_changed(session, wanted.values(condemned_at=None)) == 1


def blob_going(sha256: str) -> Conflict:
    return Conflict(
        "BLOB_GOING",
        "The same file is just being removed from the store.",
        where=sha256[:12],
        advice="Try again in a moment.",
    )
