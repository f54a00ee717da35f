"""Encoded stretches of picture or sound, each in one file named by its key, and where they are kept.

A segment file holds packets, not a film: a line that says what it is, a JSON header with the tables,
then the packets one after the other. It is written once and never changed.
"""

from __future__ import annotations

import errno
import json
import os
import secrets
import shutil
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from workflow.errors import ToolFailed

_MAGIC = b"terjime segment 1\n"


@dataclass(frozen=True)
class Packets:
    """A segment file's tables; *data* gives its bytes.

    codec   "avc1", "hvc1", "av01" or "mp4a"
    config  avcC, hvcC or av1C; the AudioSpecificConfig
    sizes   bytes of each packet, in decoding order
    shown   picture: the frame each packet shows, from 0; mp4a: its first sample (below 0: primed and skipped)
    keys    numbers of the packets that decoding can start at
    facts   width and height; or sample_rate, channels, end (samples, of the last packet too), language
    """

    path: Path
    offset: int
    crc: int
    codec: str
    config: bytes
    sizes: list[int]
    shown: list[int]
    keys: list[int]
    facts: dict[str, Any]

    def data(self) -> bytes:
        """All packets. Raises ToolFailed SEGMENT_DAMAGED if they are not as they were written."""
        with self.path.open("rb") as file:
            file.seek(self.offset)
            data = file.read()
        if len(data) != sum(self.sizes) or zlib.crc32(data) != self.crc:
            raise damaged(self.path)
        return data


def write_segment(
    path: Path,
    packets: Iterable[bytes],
    *,
    codec: str,
    config: bytes,
    shown: list[int],
    keys: list[int],
    facts: dict[str, Any],
) -> None:
    """Write a segment file; the same packets give the same bytes."""
    parts = list(packets)
    data = b"".join(parts)
    head: dict[str, Any] = {
        "codec": codec,
        "config": config.hex(),
        "sizes": [len(part) for part in parts],
        "shown": shown,
        "keys": keys,
        "facts": facts,
        "crc": zlib.crc32(data),
    }
    text = json.dumps(head, separators=(",", ":"), sort_keys=True).encode()
    with writing("a part of the film"), path.open("wb") as file:
        file.write(_MAGIC + len(text).to_bytes(4, "big") + text)
        file.write(data)


def read_segment(path: Path) -> Packets:
    """Tables of a segment file. Raises ToolFailed SEGMENT_DAMAGED."""
    try:
        with path.open("rb") as file:
            if file.read(len(_MAGIC)) != _MAGIC:
                raise damaged(path)
            length = int.from_bytes(file.read(4), "big")
            head = json.loads(file.read(length))
    except (OSError, ValueError) as error:
        raise damaged(path) from error
    return Packets(
        path=path,
        offset=len(_MAGIC) + 4 + length,
        crc=head["crc"],
        codec=head["codec"],
        config=bytes.fromhex(head["config"]),
        sizes=head["sizes"],
        shown=head["shown"],
        keys=head["keys"],
        facts=head["facts"],
    )


def is_whole(path: Path) -> bool:
    """Whether a segment file is as it was written."""
    try:
        read_segment(path).data()
    except ToolFailed:
        return False
    return True


@contextmanager
def writing(what: str) -> Iterator[None]:
    """Raises ToolFailed DISK_FULL where the system says that no more can be written."""
    try:
        yield
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
            raise
        raise ToolFailed(
            "DISK_FULL",
            f"The disk became full while writing {what}.",
            advice="Free some space and try again: what was finished is kept.",
        ) from error


def damaged(path: Path) -> ToolFailed:
    return ToolFailed(
        "SEGMENT_DAMAGED",
        "A kept part of the film is damaged.",
        where=path.name,
        advice="Remove it and render again: only this part is made anew.",
    )


class SegmentStore(Protocol):
    """Where segments are kept. Any number of workers may use one at the same time."""

    def has(self, key: str) -> bool: ...

    def path(self, key: str) -> Path:
        """A readable file on this machine. Raises KeyError if there is none under *key*."""
        ...

    def put(self, key: str, file: Path) -> None:
        """Keep *file*, which is moved or copied. A second one takes the place of the first: it is the
        same, or the first is damaged."""
        ...


class FolderSegments:
    """A folder of plain files: `ab/abcdef…`. A file is there wholly or not at all."""

    def __init__(self, folder: Path, *, limit_bytes: int | None = None) -> None:
        self.folder = folder
        self.limit_bytes = limit_bytes

    def has(self, key: str) -> bool:
        return self._file(key).is_file()

    def path(self, key: str) -> Path:
        file = self._file(key)
        try:
            os.utime(file)  # used just now: the last to be removed
        except FileNotFoundError:
            raise KeyError(key) from None
        return file

    def put(self, key: str, file: Path) -> None:
        target = self._file(key)
        target.parent.mkdir(parents=True, exist_ok=True)
        arrived = target.parent / f".{key[:8]}.{secrets.token_hex(4)}"
        try:
            with writing("a part of the film"):
                shutil.move(file, arrived)
            arrived.replace(target)
        except BaseException:
            arrived.unlink(missing_ok=True)
            raise

    def trim(self, kept: Iterable[str] = ()) -> int:
        """Remove what was not used for longest until the folder is within its limit; never one of *kept*.

        Returns the number of bytes that were freed.
        """
        if self.limit_bytes is None:
            return 0
        spared = set(kept)
        files = sorted(self._all(), key=lambda pair: pair[1].st_mtime_ns)
        size = sum(stat.st_size for _, stat in files)
        freed = 0
        for file, stat in files:
            if size - freed <= self.limit_bytes:
                break
            if file.name not in spared:
                file.unlink(missing_ok=True)
                freed += stat.st_size
        return freed

    def _all(self) -> Iterator[tuple[Path, os.stat_result]]:
        for file in self.folder.glob("??/*"):
            with suppress(FileNotFoundError):
                yield file, file.stat()

    def _file(self, key: str) -> Path:
        return self.folder / key[:2] / key
