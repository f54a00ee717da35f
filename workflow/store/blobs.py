"""Immutable files named by their SHA-256. A row in `blob` makes one visible; nothing lists them to find one.

Two stores keep them, chosen by a setting: a folder (`FolderBlobs`) and S3 (`workflow.store.s3`). Whoever
uses them sees one interface: bytes go in by `publish`, and come out as a file of this machine (`existing`),
as bytes (`read`, `stream`), or as a file that has some of the bytes only (`partial`).
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workflow.errors import BadInput, NotFound, ToolFailed
from workflow.media.index import Blocks
from workflow.render.segments import writing

CHUNK = 1 << 20

Tick = Callable[[], None]  # called while bytes move; may raise to stop


def no_tick() -> None:
    pass


@dataclass(frozen=True, slots=True)
class Stored:
    """What the store itself says of a blob. *written* is in seconds since 1970, by the store's clock."""

    size: int
    written: float


class Blobs(ABC):
    """A store of blobs.

    reserve    called with the SHA-256 of what is about to be published, before the store is looked at:
               whoever removes blobs gets out of the way (`house.reserve`)
    listings_a_round
               256ths of the store that the sweeper lists in one round
    """

    listings_a_round = 32

    def __init__(self) -> None:
        self.reserve: Callable[[str], None] = lambda sha256: None

    def publish(self, file: Path, *, expected: str | None = None) -> tuple[str, int]:
        """Take a finished *file*, which is moved. Returns its SHA-256 and size.

        expected    what its SHA-256 must be: otherwise BadInput HASH_MISMATCH, and nothing is moved

        On return the bytes are kept, whatever happens to the power. A blob that is there already is left,
        unless its size differs: then the new file replaces the damaged one. After a failure the file is
        where it was, and publishing it again is safe. Raises ToolFailed DISK_FULL, ToolMissing STORAGE_AWAY.
        """
        sha256, size = _hashed(file)
        if expected not in (None, sha256):
            raise BadInput(
                "HASH_MISMATCH",
                "The file that arrived is not the one that was chosen.",
                advice="It may have changed while it was sent. Upload it again.",
            )
        self.reserve(sha256)
        if self.size(sha256) == size:
            file.unlink()
        else:
            self._take(file, sha256, size)
        return sha256, size

    def put_bytes(self, data: bytes) -> tuple[str, int]:
        """The same for *data* in memory."""
        sha256 = hashlib.sha256(data).hexdigest()
        self.reserve(sha256)
        if self.size(sha256) != len(data):
            self._put(data, sha256)
        return sha256, len(data)

    @abstractmethod
    def size(self, sha256: str) -> int | None:
        """Bytes that the store has under this name, None when there is nothing."""

    @abstractmethod
    def existing(self, sha256: str) -> Path:
        """A file of this machine with the whole blob. Raises NotFound BLOB_MISSING, ToolFailed BLOB_DAMAGED.

        It is there for as long as the job runs (`held`); without one, for ten minutes at least.
        """

    @abstractmethod
    def partial(self, sha256: str, blocks: Blocks, ranges: Iterable[tuple[int, int]]) -> Path:
        """A file as long as the blob, in which the bytes of *ranges* ([start, end)) are right.

        The rest may be holes. Every block that was fetched is checked against *blocks*. Raises as `existing`.
        """

    @abstractmethod
    def stream(self, sha256: str, start: int, end: int) -> Iterator[bytes]:
        """The bytes [start, end) in pieces. Raises NotFound BLOB_MISSING at once, not at the first piece."""

    @abstractmethod
    def remove(self, sha256: str) -> None:
        """Forget a blob; nothing happens when there is none. For `collect` alone."""

    @abstractmethod
    def listing(self, first: str) -> dict[str, Stored]:
        """Every blob whose name begins with *first*, two hexadecimal digits: to find what is lost or left over."""

    @abstractmethod
    def clear_unfinished(self, older_than_seconds: float) -> None:
        """Throw away what killed processes left half sent."""

    def lacks(self, sha256: str) -> bool:
        """Whether a blob that has a row is seen to be lost, as far as that can be told without a long way."""
        return False

    def fetch(self, names: Iterable[str]) -> None:  # noqa: B027  a folder has nothing to do
        """Bring several blobs to this machine at once, before they are asked for one by one."""

    def link(self, sha256: str, *, name: str, media_type: str) -> str | None:
        """An address that gives the blob to whoever has it, for ten minutes; None where there is no such thing."""
        return None

    @contextmanager
    def held(self, name: str, tick: Tick = no_tick) -> Iterator[Blobs]:
        """The store for one job: what it was given stays on this machine until the job is over.

        name    of the claim: "<job>.<fence>"
        tick    called while bytes move
        """
        yield self

    def held_folders(self) -> list[Path]:
        """What jobs hold on this machine, one folder each, named by its claim."""
        return []

    def trim(self, room: int = 0) -> int:
        """Bring what is kept on this machine to be quick within its limit; returns the bytes freed.

        room    free so many bytes more
        """
        return 0

    def read(self, sha256: str) -> bytes:
        """The bytes, checked against their name. Raises NotFound BLOB_MISSING, ToolFailed BLOB_DAMAGED."""
        size = self.size(sha256)
        if size is None:
            raise blob_missing(sha256)
        data = b"".join(self.stream(sha256, 0, size))
        if hashlib.sha256(data).hexdigest() != sha256:
            raise blob_damaged(sha256)
        return data

    def close(self) -> None:  # noqa: B027
        pass

    @abstractmethod
    def _take(self, file: Path, sha256: str, size: int) -> None: ...

    @abstractmethod
    def _put(self, data: bytes, sha256: str) -> None: ...


class FolderBlobs(Blobs):
    """A folder, of this machine or shared: ``aa/bb/<sha256>``, no extension (a playlist among them can name none)."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self._incoming = folder / "incoming"

    def path(self, sha256: str) -> Path:
        """Where the blob lies, or would lie."""
        _refuse_other_names(sha256)
        return self.folder / sha256[:2] / sha256[2:4] / sha256

    def size(self, sha256: str) -> int | None:
        try:
            return self.path(sha256).stat().st_size
        except FileNotFoundError:
            return None

    def lacks(self, sha256: str) -> bool:
        return self.size(sha256) is None

    def existing(self, sha256: str) -> Path:
        if self.lacks(sha256):
            raise blob_missing(sha256)
        return self.path(sha256)

    def partial(self, sha256: str, blocks: Blocks, ranges: Iterable[tuple[int, int]]) -> Path:
        return self.existing(sha256)

    def stream(self, sha256: str, start: int, end: int) -> Iterator[bytes]:
        path = self.existing(sha256)

        def pieces() -> Iterator[bytes]:
            with path.open("rb") as file:
                file.seek(start)
                left = end - start
                while left and (piece := file.read(min(CHUNK // 4, left))):
                    left -= len(piece)
                    yield piece

        return pieces()

    def remove(self, sha256: str) -> None:
        self.path(sha256).unlink(missing_ok=True)

    def listing(self, first: str) -> dict[str, Stored]:
        found = {}
        for file in (self.folder / first).glob("??/*"):
            with contextlib.suppress(FileNotFoundError):
                stat = file.stat()
                # Moving a file in changes ctime; mtime is that of its last byte, perhaps long ago.
                found[file.name] = Stored(stat.st_size, max(stat.st_mtime, stat.st_ctime))
        return found

    def clear_unfinished(self, older_than_seconds: float) -> None:
        for left in self._incoming.iterdir() if self._incoming.exists() else ():
            with contextlib.suppress(FileNotFoundError):
                if time.time() - left.stat().st_ctime > older_than_seconds:
                    left.unlink()

    def _take(self, file: Path, sha256: str, size: int) -> None:
        target = self.path(sha256)
        with writing("the stored files"):
            target.parent.mkdir(parents=True, exist_ok=True)
            os.chmod(file, 0o440)
            try:
                os.rename(file, target)
            except OSError as error:
                if error.errno != errno.EXDEV:
                    raise
                # Another filesystem: a shared folder, while the work is done on a disk of this machine.
                with self._arriving() as arrived:
                    shutil.copyfile(file, arrived)
                    if _hashed(arrived) != (sha256, size):
                        raise blob_damaged(sha256) from error
                    os.chmod(arrived, 0o440)
                    os.rename(arrived, target)
                file.unlink()
            for folder in (target.parent, target.parent.parent, self.folder):
                _sync_folder(folder)

    def _put(self, data: bytes, sha256: str) -> None:
        with writing("the stored files"), self._arriving() as file:
            file.write_bytes(data)
            with file.open("rb") as opened:
                os.fsync(opened.fileno())
            self._take(file, sha256, len(data))

    @contextmanager
    def _arriving(self) -> Iterator[Path]:
        self._incoming.mkdir(parents=True, exist_ok=True)
        file = self._incoming / uuid.uuid4().hex
        try:
            yield file
        finally:
            file.unlink(missing_ok=True)


def blob_missing(sha256: str) -> NotFound:
    return NotFound(
        "BLOB_MISSING",
        "A stored file is missing.",
        where=sha256[:12],
        advice="An operator can restore it from the backup.",
    )


def blob_damaged(sha256: str) -> ToolFailed:
    return ToolFailed(
        "BLOB_DAMAGED",
        "A stored file is damaged.",
        where=sha256[:12],
        advice="An operator can restore it from the backup.",
    )


def _refuse_other_names(sha256: str) -> None:
    if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef"):
        raise ValueError(f"not a SHA-256: {sha256!r}")


def _hashed(file: Path) -> tuple[str, int]:
    """SHA-256 and size of a file, whose bytes are on the disk when this returns."""
    digest: Any = hashlib.sha256()
    with file.open("rb") as opened:
        while chunk := opened.read(CHUNK):
            digest.update(chunk)
        with writing("the stored files"):
            os.fsync(opened.fileno())
        return digest.hexdigest(), os.fstat(opened.fileno()).st_size


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
