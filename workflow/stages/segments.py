"""Encoded segments in the blob store, found by their key: what a killed worker had finished is not done again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import delete, select

from workflow.errors import TerjimeError
from workflow.stages.running import publish
from workflow.store.collect import use_segments
from workflow.store.database import in_whole, insert_for
from workflow.store.house import House, remember_blob
from workflow.store.tables import Blob, Segment, now_ms

SEGMENT_TYPE = "application/x-terjime-segment"
KEYS_A_QUERY = 1000


class LedgerSegments:
    """The house's segments, for `workflow.render`; any number of workers may use them at once."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._known: dict[str, str | None] = {}  # SHA-256 by key; None: was not there

    def look_up(self, keys: Sequence[str]) -> None:
        """Learn at once which of *keys* there are: a long film has thousands, and one query answers."""
        for start in range(0, len(keys), KEYS_A_QUERY):
            some = keys[start : start + KEYS_A_QUERY]
            self._known |= dict.fromkeys(some)
            with self._house.read() as session:
                found = session.execute(
                    select(Segment.key, Segment.sha256)
                    .join(Blob, Blob.sha256 == Segment.sha256)
                    .where(Segment.key.in_(some), Blob.state == "present")
                )
                self._known |= {row.key: row.sha256 for row in found}
        use_segments(self._house, keys)

    def bring(self, keys: Sequence[str]) -> None:
        """Have those of *keys* that there are on this machine. One that is lost or damaged is there no more."""
        self.look_up(keys)
        there = [sha256 for key in keys if (sha256 := self._known[key]) is not None]
        try:
            self._house.blobs.fetch(there)
        except TerjimeError as error:
            if error.code not in _SPOILT:
                raise
            for key in keys:
                self._file(key)

    def has(self, key: str) -> bool:
        if key not in self._known:
            self.look_up([key])
        sha256 = self._known[key]
        return sha256 is not None and not self._house.blobs.lacks(sha256)

    def path(self, key: str) -> Path:
        """A file to read. Raises KeyError if there is none under *key*."""
        if self._known.get(key) is None:
            self.look_up([key])
        file = self._file(key)
        if file is None:
            raise KeyError(key)
        return file

    def put(self, key: str, file: Path) -> None:
        """Keep *file*, which is moved, and show it to every worker at once."""
        blob = publish(self._house, file, SEGMENT_TYPE)
        _record(self._house, key, blob.sha256, blob.size)
        self._known[key] = blob.sha256

    def _file(self, key: str) -> Path | None:
        sha256 = self._known[key]
        if sha256 is None:
            return None
        try:
            return self._house.blobs.existing(sha256)
        except TerjimeError as error:
            if error.code not in _SPOILT:
                raise
            self._known[key] = None
            _forget(self._house, sha256)
            if error.code == "BLOB_DAMAGED":
                self._house.blobs.remove(sha256)  # or the next of the same length would be left out
            return None


_SPOILT = ("BLOB_MISSING", "BLOB_DAMAGED")


@in_whole
def _forget(house: House, sha256: str) -> None:
    """The next who needs it makes it anew."""
    with house.write() as session:
        session.execute(delete(Segment).where(Segment.sha256 == sha256))


@in_whole
def _record(house: House, key: str, sha256: str, size: int) -> None:
    """A second one under the same key takes the place of the first, which may be damaged."""
    with house.write() as session:
        remember_blob(session, sha256, size, SEGMENT_TYPE)
        session.execute(
            insert_for(session, Segment)
            .values(key=key, sha256=sha256, used_at=now_ms())
            .on_conflict_do_update(
                index_elements=[Segment.key], set_={"sha256": sha256, "used_at": now_ms()}
            )
        )
