"""Making room: blobs that nobody needs are removed, in small steps, and never one that somebody needs.

A blob is needed while any row refers to it (every foreign key to `blob.sha256` that the tables have, so
that a new table cannot be forgotten) or the parameters of a live job name it. What is not needed goes in
three steps, each a transaction of its own, each looked at again before the next:

    present ──▶ condemned ──▶ removing ──▶ the file goes, then the row
              7 days old,   a day later,
              not needed    still not needed

Whoever publishes the same bytes meanwhile takes the condemnation back (`house.reserve`) or waits until the
removal is over; so no publisher can find a file that is gone when its transaction commits. A file without
a row, left by a process that was killed between the two, is found by listing the store, some 256ths of it
in each round, and is condemned like any other.

Encoded parts of films (segments) are kept up to a limit; the longest unused go first.
"""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, delete, exists, func, select, update
from sqlalchemy.orm import Session

from workflow.store import audit
from workflow.store.database import in_whole, insert_for, rows_changed
from workflow.store.house import House
from workflow.store.room import bytes_wanting
from workflow.store.tables import Base, Blob, FilmFile, Job, Segment, now_ms

LOG = logging.getLogger("terjime.storage")
A_ROUND = 500  # blobs looked at, and at most so many removed
SEGMENTS_LOOKED_AT_SECONDS = 60.0  # adding up their sizes takes a while when there are many

_HASH = re.compile(r"[0-9a-f]{64}")
_HOUR = 3600 * 1000


@dataclass(frozen=True, slots=True)
class Patience:
    """Milliseconds.

    young      a blob is not looked at before it is so old: work that needs it may still be under way
    grace      from condemned to removed; longer than any job may take from publishing to its commit
    left_over  a file without a row may still be getting one
    unused     a segment used so lately is spared, whatever the limit
    segments   the grace of segments: they are recorded seconds after they were published
    """

    young: int = 7 * 24 * _HOUR
    grace: int = 24 * _HOUR
    left_over: int = 24 * _HOUR
    unused: int = _HOUR
    segments: int = _HOUR // 6


USUAL = Patience()


@dataclass
class _Rounds:
    """Where this process is in its rounds over a store."""

    blob: str = ""  # the last that was looked at
    prefix: int = 0
    segments_at: float = field(default=float("-inf"))


_rounds: dict[str, _Rounds] = {}


def collect(house: House, patience: Patience = USUAL) -> None:
    """One round, of bounded length. Everything in it may be broken off and done twice."""
    rounds = _rounds.setdefault(str(house.db.url), _Rounds())
    wanting = bytes_wanting(house.settings)
    if wanting:
        house.blobs.trim(wanting)
    if wanting or time.monotonic() - rounds.segments_at > SEGMENTS_LOOKED_AT_SECONDS:
        rounds.segments_at = time.monotonic()
        trim_segments(house, wanting, patience)
    rounds.blob = condemn_unneeded(house, rounds.blob, patience)
    begin_removals(house, patience)
    finish_removals(house)
    for _ in range(house.blobs.listings_a_round):
        look_after(house, f"{rounds.prefix:02x}", patience)
        rounds.prefix = (rounds.prefix + 1) % 256
    if rounds.prefix == 0:
        house.blobs.clear_unfinished(patience.left_over / 1000)


# --- who needs what -----------------------------------------------------------------------------


def roots() -> list[tuple[Table, ColumnElement[str]]]:
    """Every column of every table that refers to a blob."""
    target = Blob.__table__.c["sha256"]
    return [
        (table, column)
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if any(key.column is target for key in column.foreign_keys)
    ]


def needed(session: Session, names: Collection[str]) -> set[str]:
    """Those of *names* that a row or a live job needs."""
    found: set[str] = set()
    for _, column in roots():
        if left := set(names) - found:
            found.update(session.scalars(select(column).where(column.in_(left))))
    if left := set(names) - found:
        found |= left & _named_by_live_jobs(session)
    return found


def _named_by_live_jobs(session: Session) -> set[str]:
    names: set[str] = set()
    for params in session.scalars(select(Job.params).where(Job.state.in_(("queued", "running")))):
        names.update(_HASH.findall(json.dumps(params)))
    return names


# --- the steps ----------------------------------------------------------------------------------


def condemn_unneeded(house: House, after: str, patience: Patience = USUAL) -> str:
    """Look at the next blobs in order of their names; returns the last of them, "" at the end."""
    with house.read() as session:
        rows = session.execute(
            select(Blob.sha256, Blob.created_at, Blob.condemned_at, Blob.state)
            .where(Blob.sha256 > after)
            .order_by(Blob.sha256)
            .limit(A_ROUND)
        ).all()
        old = {
            row.sha256
            for row in rows
            if row.condemned_at is None
            and row.state != "removing"
            and row.created_at <= now_ms() - patience.young
        }
        unneeded = old - needed(session, old)
    _condemn(house, unneeded, now_ms())
    return rows[-1].sha256 if len(rows) == A_ROUND else ""


@in_whole
def _condemn(house: House, names: Collection[str], at: int) -> None:
    if names:
        with house.write() as session:
            session.execute(
                update(Blob)
                .where(
                    Blob.sha256.in_(names), Blob.condemned_at.is_(None), Blob.state != "removing"
                )
                .values(condemned_at=at)
            )


@in_whole
def begin_removals(house: House, patience: Patience = USUAL) -> None:
    """What was condemned long enough ago and is still not needed is from now on being removed."""
    due = and_(Blob.condemned_at <= now_ms() - patience.grace, Blob.state != "removing")
    with house.write() as session:
        # PostgreSQL: the lock keeps others from referring to the rows until this commits, and whoever had
        # begun to do so before is skipped.
        blobs = session.scalars(
            select(Blob).where(due).limit(A_ROUND).with_for_update(skip_locked=True)
        ).all()
        kept = needed(session, {blob.sha256 for blob in blobs}) if blobs else set()
        for blob in blobs:
            if blob.sha256 in kept:
                blob.condemned_at = None
            else:
                blob.state = "removing"


def finish_removals(house: House) -> int:
    """Remove the files, then their rows. Returns the bytes freed; goes on where a killed round stopped."""
    going = and_(Blob.condemned_at.is_not(None), Blob.state == "removing")
    with house.read() as session:
        rows = session.execute(select(Blob.sha256, Blob.size).where(going).limit(A_ROUND)).all()
    for row in rows:
        house.blobs.remove(row.sha256)
    _forget(house, {row.sha256: row.size for row in rows})
    return sum(row.size for row in rows)


@in_whole
def _forget(house: House, sizes: dict[str, int]) -> None:
    if not sizes:
        return
    with house.write() as session:
        lost = needed(session, sizes)
        for sha256 in lost:  # cannot happen while everybody publishes before referring
            LOG.error("blob %s was removed and is needed", sha256)
            session.get_one(Blob, sha256).state = "missing"
            audit.note(session, None, "blob.missing", "blob", sha256)
        gone = set(sizes) - lost
        session.execute(delete(Blob).where(Blob.sha256.in_(gone), Blob.state == "removing"))
        freed = sum(sizes[sha256] for sha256 in gone)
        LOG.info("%d blobs that nobody needs removed, %d bytes", len(gone), freed)
        audit.note(session, None, "storage.collect", "storage", "", blobs=len(gone), bytes=freed)


# --- segments -----------------------------------------------------------------------------------


@in_whole
def use_segments(house: House, keys: Iterable[str]) -> None:
    """A job is about to read these: they are the last to be trimmed, and spared while it is under way."""
    stale = now_ms() - USUAL.unused // 6
    wanted = sorted(keys)
    for start in range(0, len(wanted), A_ROUND):
        some = Segment.key.in_(wanted[start : start + A_ROUND])
        with house.write() as session:
            session.execute(
                update(Segment).where(some, Segment.used_at < stale).values(used_at=now_ms())
            )


def segment_bytes(session: Session) -> int:
    """Bytes of all segments that are kept."""
    kept = exists().where(Segment.sha256 == Blob.sha256)
    return int(session.scalar(select(func.sum(Blob.size)).where(kept)) or 0)


@in_whole
def trim_segments(house: House, wanting: int = 0, patience: Patience = USUAL) -> int:
    """Let go of the longest unused segments until they are within the limit. Returns their bytes.

    wanting    bytes that the disk lacks, to be freed beyond the limit, and at once

    Those used in the last hour, or since the oldest live job was created, are spared: it may be about to
    put them together.
    """
    freed = 0
    with house.write() as session:
        held = segment_bytes(session)
        over = max(held - house.settings.segment_cache_bytes, min(wanting, held))
        if over <= 0:
            return 0
        live = Job.state.in_(("queued", "running"))
        oldest = session.scalar(select(func.min(Job.created_at)).where(live))
        before = min(now_ms() - patience.unused, now_ms() if oldest is None else oldest)
        rows = session.execute(
            select(Segment.key, Segment.sha256, Blob.size)
            .join(Blob, Blob.sha256 == Segment.sha256)
            .where(Segment.used_at < before)
            .order_by(Segment.used_at, Segment.key)
            .limit(20 * A_ROUND)
        ).all()
        going = []
        for row in rows:
            if freed >= over:
                break
            going.append(row)
            freed += row.size
        at = now_ms() - patience.grace + (0 if wanting else patience.segments)
        for start in range(0, len(going), A_ROUND):
            some = going[start : start + A_ROUND]
            keys, names = [row.key for row in some], [row.sha256 for row in some]
            session.execute(delete(Segment).where(Segment.key.in_(keys)))
            session.execute(
                update(Blob)
                .where(Blob.sha256.in_(names), Blob.condemned_at.is_(None))
                .values(condemned_at=at)
            )
    return freed


# --- looking after ------------------------------------------------------------------------------


def look_after(house: House, first: str, patience: Patience = USUAL) -> None:
    """Are the blobs that begin with *first* there, as long as they were, and is there nothing else?"""
    with house.read() as session:
        rows = session.execute(
            select(Blob.sha256, Blob.size, Blob.state).where(
                Blob.sha256 >= first, Blob.sha256 < first + "g"
            )
        ).all()
    stored = house.blobs.listing(first)  # after the rows: what they name had been published by then
    for row in rows:
        if row.state == "removing":
            continue
        found = stored.get(row.sha256)
        size = found.size if found else house.blobs.size(row.sha256)
        state = "missing" if size is None else "present" if size == row.size else "damaged"
        if state != row.state:
            _note_state(house, row.sha256, row.state, state)
    known = {row.sha256 for row in rows}
    left = time.time() - patience.left_over / 1000
    _adopt(
        house,
        {
            name: one.size
            for name, one in stored.items()
            if name not in known and one.written <= left and _HASH.fullmatch(name)
        },
    )


@in_whole
def _note_state(house: House, sha256: str, was: str, state: str) -> None:
    with house.write() as session:
        changed = update(Blob).where(Blob.sha256 == sha256, Blob.state == was).values(state=state)
        if rows_changed(session, changed):
            LOG.error("blob %s is %s", sha256, state)
            audit.note(session, None, f"blob.{state}", "blob", sha256)


@in_whole
def _adopt(house: House, left_over: dict[str, int]) -> None:
    """Give files without a row one, condemned: whoever publishes the same meanwhile finds it, and keeps it."""
    if left_over:
        with house.write() as session:
            for sha256, size in left_over.items():
                LOG.info("blob %s has no row: condemned", sha256)
                session.execute(
                    insert_for(session, Blob)
                    .values(
                        sha256=sha256,
                        size=size,
                        media_type="",
                        state="present",
                        created_at=now_ms(),
                        condemned_at=now_ms(),
                    )
                    .on_conflict_do_nothing()
                )


# --- showing ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Use:
    """What one kind of thing takes in the store; a blob that two kinds share counts for both."""

    kind: str
    blobs: int
    bytes: int


def storage_use(house: House) -> list[Use]:
    """By kind, then `all`, and of it `condemned`: what will be removed unless somebody asks for it again."""
    with house.read() as session:
        kinds = [
            _use(session, str(table.name), select(column))
            for table, column in roots()
            if table is not FilmFile.__table__
        ]
        for role in session.scalars(select(FilmFile.role).distinct().order_by(FilmFile.role)):
            kinds.append(
                _use(session, f"film {role}", select(FilmFile.sha256).where(FilmFile.role == role))
            )
        named: dict[str, Use] = {}
        for use in kinds:
            before = named.get(use.kind, Use(use.kind, 0, 0))
            named[use.kind] = Use(use.kind, before.blobs + use.blobs, before.bytes + use.bytes)
        every = select(Blob.sha256)
        return [
            *(use for use in named.values() if use.blobs),
            _use(session, "all", every),
            _use(session, "condemned", every.where(Blob.condemned_at.is_not(None))),
        ]


def _use(session: Session, kind: str, names: Any) -> Use:
    count, size = session.execute(
        select(func.count(), func.coalesce(func.sum(Blob.size), 0)).where(Blob.sha256.in_(names))
    ).one()
    return Use(kind, int(count), int(size))
