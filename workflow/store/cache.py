"""Blobs of a store elsewhere, kept on this machine to be quick: within a limit, the longest unused go first.

    whole/aa/<sha256>    the whole blob, checked against its name before it was given that name
    part/aa/<sha256>     a file of the same length with holes; beside it ``.blocks``, one byte for each block
    held/<claim>/        a second name for whatever a job was given: what has one is never removed
    arriving/            on the way in

Any number of processes share one folder. Filling takes the lock of the blob's first two digits, so that
two who want the same fetch it once.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import itertools
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from workflow.media.index import Blocks
from workflow.render.segments import writing
from workflow.store.blobs import Tick, blob_damaged

SPARED_SECONDS = 600.0  # what was asked for so lately is not removed even if no job holds it
_NEAR_BLOCKS = 4  # so many blocks between two that are wanted are fetched with them: fewer requests

Fetch = Callable[
    [int, int | None], Iterator[bytes]
]  # bytes [start, end) of the blob; None: to its end


@dataclass(frozen=True)
class BlobCache:
    folder: Path
    limit_bytes: int

    def whole(self, sha256: str, fetch: Fetch, tick: Tick, hold: Path | None) -> Path:
        """A file with the whole blob. Raises ToolFailed BLOB_DAMAGED, DISK_FULL, and what *fetch* raises."""
        file = self._file("whole", sha256)
        if kept := _use(file, hold):
            return kept
        with self._filling(sha256):
            if kept := _use(file, hold):
                return kept
            with self._arriving() as arrived, writing("the stored files"):
                _receive(arrived, sha256, fetch(0, None), tick)
                return _keep(arrived, file, hold)

    def adopt(self, made: Path, sha256: str) -> None:
        """Keep a file that was just published, instead of fetching it again; it is moved, or removed."""
        file = self._file("whole", sha256)
        try:
            os.rename(made, file)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            made.unlink()

    def part(
        self,
        sha256: str,
        blocks: Blocks,
        ranges: Sequence[tuple[int, int]],
        fetch: Fetch,
        tick: Tick,
        hold: Path | None,
    ) -> Path:
        """A file in which *ranges* are there. Raises as `whole`."""
        if kept := _use(self._file("whole", sha256), hold):
            return kept
        file = self._file("part", sha256)
        with self._filling(sha256), writing("the stored files"):
            there = _map_of(file, blocks)
            wanted = [number for number in blocks.of(ranges) if not there[number]]
            if wanted:
                with file.open("r+b") as opened:
                    for first, end in _stretches(wanted):
                        _fill(opened.fileno(), sha256, blocks, first, end, fetch, tick)
                        there[first:end] = b"\1" * (end - first)
                    os.fdatasync(opened.fileno())
                file.with_suffix(".blocks").write_bytes(there)
            return _used(file, hold)

    @contextmanager
    def held(self, name: str) -> Iterator[Path]:
        """A folder of second names, gone at the end."""
        folder = self.folder / "held" / name
        folder.mkdir(parents=True, exist_ok=True)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def held_folders(self) -> list[Path]:
        folder = self.folder / "held"
        return list(folder.iterdir()) if folder.exists() else []

    def size(self) -> int:
        """Bytes on the disk."""
        return sum(stat.st_blocks * 512 for _, stat in self._all())

    def trim(self, room: int = 0) -> int:
        """Remove what was unused for longest until the limit holds; with *room*, so many bytes more.

        What a job holds and what was used in the last minutes is left. Returns the bytes freed.
        """
        files = sorted(self._all(), key=lambda pair: pair[1].st_mtime_ns)
        size = sum(stat.st_blocks * 512 for _, stat in files)
        target = min(self.limit_bytes, size - room)
        freed = 0
        for file, stat in files:
            if size - freed <= target:
                break
            if stat.st_nlink > 1 or time.time() - stat.st_mtime < SPARED_SECONDS:
                continue
            with self._filling(file.name):
                file.unlink(missing_ok=True)
                file.with_suffix(".blocks").unlink(missing_ok=True)
            freed += stat.st_blocks * 512
        return freed

    def clear_unfinished(self, older_than_seconds: float) -> None:
        folder = self.folder / "arriving"
        for left in folder.iterdir() if folder.exists() else ():
            with contextlib.suppress(FileNotFoundError):
                if time.time() - left.stat().st_ctime > older_than_seconds:
                    left.unlink()

    def _all(self) -> Iterator[tuple[Path, os.stat_result]]:
        for file in itertools.chain(self.folder.glob("whole/??/*"), self.folder.glob("part/??/*")):
            if file.suffix != ".blocks":
                with contextlib.suppress(FileNotFoundError):
                    yield file, file.stat()

    def _file(self, kind: str, sha256: str) -> Path:
        file = self.folder / kind / sha256[:2] / sha256
        file.parent.mkdir(parents=True, exist_ok=True)
        return file

    @contextmanager
    def _filling(self, sha256: str) -> Iterator[None]:
        """Alone with the blobs that begin with the same two digits, among all processes of this machine."""
        locks = self.folder / "locks"
        locks.mkdir(parents=True, exist_ok=True)
        with (locks / sha256[:2]).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    @contextmanager
    def _arriving(self) -> Iterator[Path]:
        folder = self.folder / "arriving"
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / uuid.uuid4().hex
        try:
            yield file
        finally:
            file.unlink(missing_ok=True)


def _use(file: Path, hold: Path | None) -> Path | None:
    with contextlib.suppress(FileNotFoundError):
        return _used(file, hold)
    return None


def _used(file: Path, hold: Path | None) -> Path:
    """The file, with a second name in the job's folder: then it stays, whatever is trimmed."""
    os.utime(file)
    if hold is None:
        return file
    second = hold / file.name
    with contextlib.suppress(FileExistsError):
        os.link(file, second)
    if not second.samefile(
        file
    ):  # it was trimmed and fetched again, or grew from a part to the whole
        second.unlink()
        os.link(file, second)
    return second


def _keep(arrived: Path, file: Path, hold: Path | None) -> Path:
    os.chmod(arrived, 0o440)
    os.rename(arrived, file)
    return _used(file, hold)


def _receive(file: Path, sha256: str, pieces: Iterator[bytes], tick: Tick) -> None:
    digest = hashlib.sha256()
    with file.open("xb") as opened:
        for piece in pieces:
            digest.update(piece)
            opened.write(piece)
            tick()
    if digest.hexdigest() != sha256:
        raise blob_damaged(sha256)


def _map_of(file: Path, blocks: Blocks) -> bytearray:
    """Which blocks of the file are there; the file is made when it is not."""
    count = len(blocks.digests)
    with contextlib.suppress(FileNotFoundError):
        there = bytearray(file.with_suffix(".blocks").read_bytes())
        if len(there) == count and file.stat().st_size == blocks.size:
            return there
    file.unlink(missing_ok=True)
    with file.open("xb") as opened:
        opened.truncate(blocks.size)
    return bytearray(count)


def _stretches(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """Neighbours, and near ones, as [first, end)."""
    found: list[tuple[int, int]] = []
    for number in numbers:
        if found and number - found[-1][1] <= _NEAR_BLOCKS:
            found[-1] = (found[-1][0], number + 1)
        else:
            found.append((number, number + 1))
    return found


def _fill(
    descriptor: int,
    sha256: str,
    blocks: Blocks,
    first: int,
    end: int,
    fetch: Fetch,
    tick: Tick,
) -> None:
    """Fetch blocks [first, end) into the open file, each checked before it is written."""
    start, stop = blocks.span(first, end)
    number, waiting = first, bytearray()
    for piece in fetch(start, stop):
        waiting += piece
        tick()
        while number < end:
            begins, ends = blocks.span(number, number + 1)
            if len(waiting) < ends - begins:
                break
            block = bytes(waiting[: ends - begins])
            if not blocks.is_right(number, block):
                raise blob_damaged(sha256)
            os.pwrite(descriptor, block, begins)
            del waiting[: ends - begins]
            number += 1
    if number != end:
        raise blob_damaged(sha256)
