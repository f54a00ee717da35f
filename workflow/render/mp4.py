"""Writing MP4: one picture and its sounds from packets whose times are known exactly.

A general muxer works out what we know already (a film of 20 minutes has 84 000 packets); here the
tables are written from arrays, and the same packets always give the same bytes: no clock is read.
Source: ISO/IEC 14496-12 (boxes), 14496-14 and -15 (mp4a, avc1); `ilst` tags as iTunes writes them.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workflow.render.segments import writing

Ints = NDArray[np.int64]

_CONFIGURATIONS = {"avc1": b"avcC", "hvc1": b"hvcC", "av01": b"av1C"}
_UNITY = struct.pack(">9i", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
_CHUNK_SECONDS = Fraction(
    1, 2
)  # of picture, then as much of sound: players read both from one place


@dataclass(frozen=True)
class Track:
    """One track, its packets in decoding order.

    entry      its sample entry (avc1 or mp4a box)
    scale      ticks a second
    duration   ticks of each packet
    delay      ticks from decoding to showing, each at least 0; None where all are 0
    skipped    ticks at the start that are decoded and not shown
    empty      ticks before it begins
    shown      ticks that are shown in all, after *empty*
    keys       numbers of the key packets from 0; None: all
    chosen     whether a player is to choose it among those of its kind
    """

    kind: bytes  # b"vide" | b"soun"
    entry: bytes
    scale: int
    sizes: Ints
    duration: int
    delay: Ints | None
    skipped: int
    empty: int
    shown: int
    keys: Ints | None
    language: str
    size: tuple[int, int] = (0, 0)
    chosen: bool = True


def picture_entry(codec: str, size: tuple[int, int], configuration: bytes) -> bytes:
    """avc1 with its avcC (or hvc1 with hvcC, av01 with av1C), BT.709 in TV range, square pixels."""
    width, height = size
    head = bytes(6) + struct.pack(">H", 1) + bytes(16) + struct.pack(">HH", width, height)
    head += struct.pack(">IIIH", 0x480000, 0x480000, 0, 1) + bytes(32) + struct.pack(">Hh", 24, -1)
    colour = _box(b"colr", b"nclx" + struct.pack(">HHHB", 1, 1, 1, 0))
    pixels = _box(b"pasp", struct.pack(">II", 1, 1))
    described = _box(_CONFIGURATIONS[codec], configuration)
    return _box(codec.encode(), head, described, colour, pixels)


def sound_entry(sample_rate: int, channels: int, configuration: bytes) -> bytes:
    """mp4a with the AudioSpecificConfig of AAC."""
    decoder = b"\x40\x15" + bytes(3) + bytes(8) + _descriptor(5, configuration)
    stream = _descriptor(3, b"\x00\x01\x00" + _descriptor(4, decoder) + _descriptor(6, b"\x02"))
    head = bytes(6) + struct.pack(">H", 1) + bytes(8)
    head += struct.pack(">HHHHI", channels, 16, 0, 0, min(sample_rate, 0xFFFF) << 16)
    return _box(b"mp4a", head, _full(b"esds", 0, 0, stream))


def write_mp4(
    out: Path, tracks: Sequence[Track], data: Sequence[Iterable[bytes]], tags: dict[str, str]
) -> None:
    """Write *tracks* to *out*, the index first; it must not exist yet.

    data  for each track its bytes in decoding order, in pieces of any length
    tags  "title" and "comment"
    """
    order = _interleaved(tracks)
    total = sum(int(track.sizes.sum()) for track in tracks)
    brand = tracks[0].entry[4:8]  # avc1, hvc1 or av01
    kind = _box(b"ftyp", b"isom", struct.pack(">I", 512), b"isomiso2" + brand + b"mp41")
    wide = total > 0xFFFF_0000
    head = (
        struct.pack(">I4sQ", 1, b"mdat", total + 16)
        if wide
        else struct.pack(">I4s", total + 8, b"mdat")
    )
    length = len(_moov(tracks, order, 0, tags, wide=wide))
    index = _moov(tracks, order, len(kind) + length + len(head), tags, wide=wide)
    with writing("the film"), out.open("xb") as file:
        file.write(kind + index + head)
        readers = [_Reader(pieces) for pieces in data]
        for track, _, _, size in order:
            file.write(readers[track].take(size))


#: Chunks in file order: (track, first packet, packets, bytes).
Chunks = list[tuple[int, int, int, int]]


def _interleaved(tracks: Sequence[Track]) -> Chunks:
    chunks: list[tuple[int, int, int, int, int]] = []
    common = math.lcm(*(track.scale for track in tracks))
    for number, track in enumerate(tracks):
        every = max(1, int(_CHUNK_SECONDS * track.scale / track.duration))
        firsts = range(0, len(track.sizes), every)
        for first, size in zip(firsts, np.add.reduceat(track.sizes, firsts).tolist(), strict=True):
            time = first * track.duration * (common // track.scale)
            chunks.append((time, number, first, min(every, len(track.sizes) - first), size))
    return [chunk[1:] for chunk in sorted(chunks)]


class _Reader:
    """Takes stretches of any length from pieces of any length."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces: Iterator[bytes] = iter(pieces)
        self._rest = memoryview(b"")

    def take(self, size: int) -> bytes:
        parts = []
        while size > len(self._rest):
            parts.append(self._rest)
            size -= len(self._rest)
            self._rest = memoryview(next(self._pieces))
        parts.append(self._rest[:size])
        self._rest = self._rest[size:]
        return b"".join(parts)


def _moov(
    tracks: Sequence[Track], order: Chunks, base: int, tags: dict[str, str], *, wide: bool
) -> bytes:
    scale = max(track.scale for track in tracks)
    offsets: list[list[int]] = [[] for _ in tracks]
    counts: list[list[int]] = [[] for _ in tracks]
    at = base
    for number, _, packets, size in order:
        offsets[number].append(at)
        counts[number].append(packets)
        at += size
    traks = [
        _trak(number, track, scale, offsets[number - 1], counts[number - 1], wide=wide)
        for number, track in enumerate(tracks, start=1)
    ]
    longest = max(_lasts(track, scale) for track in tracks)
    head = bytes(8) + struct.pack(">II", scale, longest) + struct.pack(">IH", 1 << 16, 1 << 8)
    head += bytes(10) + _UNITY + bytes(24) + struct.pack(">I", len(tracks) + 1)
    return _box(b"moov", _full(b"mvhd", 0, 0, head), *traks, _tags(tags))


def _lasts(track: Track, scale: int) -> int:
    return -(-(track.empty + track.shown) * scale // track.scale)


def _trak(
    number: int,
    track: Track,
    scale: int,
    offsets: Sequence[int],
    counts: Sequence[int],
    *,
    wide: bool,
) -> bytes:
    is_sound = track.kind == b"soun"
    volume = 0x100 if is_sound else 0
    head = bytes(8) + struct.pack(">III", number, 0, _lasts(track, scale)) + bytes(8)
    head += struct.pack(">hhHH", 0, int(is_sound), volume, 0) + _UNITY
    head += struct.pack(">II", track.size[0] << 16, track.size[1] << 16)
    media = _box(
        b"mdia",
        _full(b"mdhd", 0, 0, _media_head(track)),
        _full(b"hdlr", 0, 0, bytes(4) + track.kind + bytes(12) + b"\0"),
        _box(
            b"minf",
            _full(b"smhd", 0, 0, bytes(4)) if is_sound else _full(b"vmhd", 0, 1, bytes(8)),
            _box(b"dinf", _full(b"dref", 0, 0, struct.pack(">I", 1) + _full(b"url ", 0, 1))),
            _sample_table(track, offsets, counts, wide=wide),
        ),
    )
    return _box(
        b"trak",
        _full(b"tkhd", 0, 3 if track.chosen else 2, head),
        _box(b"edts", _edits(track, scale)),
        media,
    )


def _media_head(track: Track) -> bytes:
    letters = (track.language if len(track.language) == 3 else "und").encode("ascii")
    packed = (letters[0] - 0x60) << 10 | (letters[1] - 0x60) << 5 | (letters[2] - 0x60)
    ticks = len(track.sizes) * track.duration
    return bytes(8) + struct.pack(">IIHH", track.scale, ticks, packed, 0)


def _edits(track: Track, scale: int) -> bytes:
    """Which part of the track is shown, and when: version 1 where 32 bits might not do."""
    edits = []
    if track.empty:
        edits.append((_ticks(track.empty, track, scale), -1))
    edits.append((_ticks(track.shown, track, scale), track.skipped))
    rows = b"".join(struct.pack(">qqhh", length, start, 1, 0) for length, start in edits)
    return _full(b"elst", 1, 0, struct.pack(">I", len(edits)) + rows)


def _ticks(time: int, track: Track, scale: int) -> int:
    return -(-time * scale // track.scale)


def _sample_table(
    track: Track, offsets: Sequence[int], counts: Sequence[int], *, wide: bool
) -> bytes:
    packets = len(track.sizes)
    boxes = [
        _full(b"stsd", 0, 0, struct.pack(">I", 1) + track.entry),
        _full(b"stts", 0, 0, struct.pack(">III", 1, packets, track.duration)),
    ]
    if track.delay is not None:
        boxes.append(_full(b"ctts", 0, 0, _table(*_run_lengths(track.delay))))
    if track.keys is not None:
        boxes.append(_full(b"stss", 0, 0, _table(track.keys + 1)))
    number, count = _first_of_runs(np.asarray(counts, np.int64))
    boxes += [
        _full(b"stsc", 0, 0, _table(number + 1, count, np.ones_like(number))),
        _full(b"stsz", 0, 0, struct.pack(">I", 0) + _table(track.sizes)),
    ]
    places = np.asarray(offsets, np.int64)
    if wide:
        boxes.append(
            _full(b"co64", 0, 0, struct.pack(">I", len(places)) + places.astype(">u8").tobytes())
        )
    else:
        boxes.append(_full(b"stco", 0, 0, _table(places)))
    return _box(b"stbl", *boxes)


def _table(*columns: Ints) -> bytes:
    """A counted table of 32-bit rows."""
    return struct.pack(">I", len(columns[0])) + np.stack(columns, 1).astype(">u4").tobytes()


def _first_of_runs(values: Ints) -> tuple[Ints, Ints]:
    """Where each run of equal values begins, and the value."""
    begins = np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1]]))
    return begins, values[begins]


def _run_lengths(values: Ints) -> tuple[Ints, Ints]:
    begins, kinds = _first_of_runs(values)
    return np.diff(np.append(begins, len(values))), kinds


def _tags(tags: dict[str, str]) -> bytes:
    names = {"title": b"\xa9nam", "comment": b"\xa9cmt"}
    items = b"".join(
        _box(names[name], _box(b"data", struct.pack(">II", 1, 0) + text.encode()))
        for name, text in sorted(tags.items())
    )
    if not items:
        return b""
    handler = _full(b"hdlr", 0, 0, bytes(4) + b"mdirappl" + bytes(9))
    return _box(b"udta", _full(b"meta", 0, 0, handler + _box(b"ilst", items)))


def _descriptor(tag: int, body: bytes) -> bytes:
    length = len(body)
    return (
        bytes(
            [
                tag,
                0x80 | length >> 21,
                0x80 | length >> 14 & 127,
                0x80 | length >> 7 & 127,
                length & 127,
            ]
        )
        + body
    )


def _box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I", len(body) + 8) + kind + body


def _full(kind: bytes, version: int, flags: int, body: bytes = b"") -> bytes:
    return _box(kind, struct.pack(">I", version << 24 | flags), body)
