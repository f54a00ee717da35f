"""ZIP files laid out before they are written: any range of one can be sent at once, and none is ever built.

Nothing in them is compressed (films do not shrink), so sizes and CRC-32s of the files say where every
byte will stand. Libraries stream a ZIP from its first byte to its last; a download that was cut asks for
the middle. Source: PKWARE APPNOTE 6.3.10, 4.3 (records), 4.4 (fields), 4.5.3 (ZIP64).
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

_FULL32, _FULL16 = 0xFFFFFFFF, 0xFFFF
_UTF8_NAME = 0x800
_REGULAR_FILE = 0o100644 << 16
_MADE_ON_UNIX = 3 << 8
_PLAIN, _ZIP64 = 20, 45  # version needed


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of an archive. *sha256* names its bytes, which are somewhere else."""

    name: str  # with / between folders
    sha256: str
    size: int
    crc32: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """Bytes [start, end) of a file."""

    sha256: str
    start: int
    end: int


class ZipLayout:
    """Where every byte of the archive of *entries* stands; the same entries give the same bytes.

    made    milliseconds since 1970 UTC: the time of every file in it
    size    of the archive
    """

    def __init__(self, entries: Sequence[Entry], made: int) -> None:
        stamp = _dos_time(made)
        self._pieces: list[bytes | Entry] = []
        self._starts: list[int] = []
        self.size = 0
        directory = []
        for entry in entries:
            directory.append(_directory_record(entry, self.size, stamp))
            self._add(_local_header(entry, stamp))
            self._add(entry)
        self._add(b"".join(directory) + _end(len(entries), self.size, sum(map(len, directory))))

    def _add(self, piece: bytes | Entry) -> None:
        length = len(piece) if isinstance(piece, bytes) else piece.size
        if length:
            self._pieces.append(piece)
            self._starts.append(self.size)
            self.size += length

    def pieces(self, start: int, end: int) -> Iterator[bytes | Stretch]:
        """What stands at [start, end): bytes of the archive itself, and stretches of its files."""
        for index in range(bisect_right(self._starts, start) - 1, len(self._pieces)):
            piece, at = self._pieces[index], self._starts[index]
            if at >= end:
                return
            length = len(piece) if isinstance(piece, bytes) else piece.size
            first, last = max(0, start - at), min(length, end - at)
            if isinstance(piece, bytes):
                yield piece[first:last]
            else:
                yield Stretch(piece.sha256, first, last)


def _dos_time(made: int) -> tuple[int, int]:
    """(time, date) as MS-DOS counts them, in UTC: two-second steps since 1980."""
    at = datetime.fromtimestamp(max(made, 315532800_000) / 1000, UTC)
    return (
        at.hour << 11 | at.minute << 5 | at.second // 2,
        (at.year - 1980) << 9 | at.month << 5 | at.day,
    )


def _local_header(entry: Entry, stamp: tuple[int, int]) -> bytes:
    large = entry.size >= _FULL32
    name, flags = _name(entry)
    extra = struct.pack("<HHQQ", 1, 16, entry.size, entry.size) if large else b""
    size = _FULL32 if large else entry.size
    head = struct.pack(
        "<4s5H3L2H",
        b"PK\x03\x04",
        _ZIP64 if large else _PLAIN,
        flags,
        0,  # stored
        *stamp,
        entry.crc32,
        size,
        size,
        len(name),
        len(extra),
    )
    return head + name + extra


def _directory_record(entry: Entry, offset: int, stamp: tuple[int, int]) -> bytes:
    name, flags = _name(entry)
    # Only what does not fit stands in the extra field, in this order (4.5.3).
    wide = [entry.size] * 2 if entry.size >= _FULL32 else []
    wide += [offset] if offset >= _FULL32 else []
    extra = struct.pack(f"<HH{len(wide)}Q", 1, 8 * len(wide), *wide) if wide else b""
    size = min(entry.size, _FULL32)
    record = struct.pack(
        "<4s6H3L5H2L",
        b"PK\x01\x02",
        _MADE_ON_UNIX | _ZIP64,
        _ZIP64 if wide else _PLAIN,
        flags,
        0,
        *stamp,
        entry.crc32,
        size,
        size,
        len(name),
        len(extra),
        0,
        0,
        0,
        _REGULAR_FILE,
        min(offset, _FULL32),
    )
    return record + name + extra


def _end(count: int, start: int, length: int) -> bytes:
    """The end of the central directory; in ZIP64 too when a number does not fit."""
    end = b""
    if count >= _FULL16 or start >= _FULL32 or length >= _FULL32:
        end = struct.pack(
            "<4sQ2H2L4Q",
            b"PK\x06\x06",
            44,
            _MADE_ON_UNIX | _ZIP64,
            _ZIP64,
            0,
            0,
            count,
            count,
            length,
            start,
        )
        end += struct.pack("<4sLQL", b"PK\x06\x07", 0, start + length, 1)
    short = min(count, _FULL16)
    return end + struct.pack(
        "<4s4H2LH",
        b"PK\x05\x06",
        0,
        0,
        short,
        short,
        min(length, _FULL32),
        min(start, _FULL32),
        0,
    )


def _name(entry: Entry) -> tuple[bytes, int]:
    return entry.name.encode(), 0 if entry.name.isascii() else _UTF8_NAME
