"""Where the frames of a mezzanine lie in its file: what a machine needs of it to encode a stretch.

A render worker far away fetches the index of the file and the groups of pictures that it encodes, not the
film. A file of which only parts are there cannot be checked against its hash, so its blocks have their own.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import av

from workflow.errors import ToolFailed
from workflow.media.ffmpeg import input_options

BLOCK = 256 << 10
#: ffmpeg reads on behind the last frame it is asked for, while its decoder and its queues fill.
READ_ON_FRAMES = 96


@dataclass(frozen=True, slots=True)
class Blocks:
    """A file as blocks of *length* bytes (the last may be shorter), each with its SHA-256."""

    size: int
    length: int
    digests: tuple[bytes, ...]

    def of(self, ranges: Iterable[tuple[int, int]]) -> list[int]:
        """Numbers of the blocks that hold *ranges*, ascending."""
        wanted: set[int] = set()
        for start, end in ranges:
            wanted.update(
                range(max(0, start) // self.length, -(-min(end, self.size) // self.length))
            )
        return sorted(wanted)

    def span(self, first: int, end: int) -> tuple[int, int]:
        """The bytes [start, end) of blocks [first, end)."""
        return first * self.length, min(end * self.length, self.size)

    def is_right(self, number: int, data: bytes) -> bool:
        return hashlib.sha256(data).digest() == self.digests[number]


@dataclass(frozen=True, slots=True)
class FilmIndex:
    """The groups of pictures of a mezzanine as byte ranges, and the blocks of its file.

    gops    (first frame, first byte, byte after the last), in order
    """

    blocks: Blocks
    gops: tuple[tuple[int, int, int], ...]

    def ranges(self, first: int, end: int) -> list[tuple[int, int]]:
        """The bytes that decoding the frames [first, end) reads.

        Those before the first picture (the file's index), the first group, which ffmpeg looks at when it
        opens a file, then the groups that are asked for and some frames more.
        """
        wanted = [(0, self.gops[0][2])]
        if end <= first:
            return wanted
        ends = [gop[0] for gop in self.gops[1:]] + [end + READ_ON_FRAMES + 1]
        for (begins, start, stop), over in zip(self.gops, ends, strict=True):
            if over > first and begins < end + READ_ON_FRAMES:
                wanted.append((start, stop))
        return wanted

    def to_bytes(self) -> bytes:
        return json.dumps(
            {
                "form": "terjime-index/1",
                "size": self.blocks.size,
                "block": self.blocks.length,
                "sha256": "".join(digest.hex() for digest in self.blocks.digests),
                "gops": self.gops,
            },
            separators=(",", ":"),
        ).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> FilmIndex:
        """Raises ToolFailed INDEX_DAMAGED."""
        try:
            body = json.loads(data)
            digests = bytes.fromhex(body["sha256"])
            return cls(
                Blocks(
                    body["size"],
                    body["block"],
                    tuple(digests[at : at + 32] for at in range(0, len(digests), 32)),
                ),
                tuple((first, start, end) for first, start, end in body["gops"]),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise ToolFailed("INDEX_DAMAGED", "The index of the film cannot be read.") from error


def index_film(mezzanine: Path) -> FilmIndex:
    """The index of a mezzanine, read from its own tables. Raises ToolFailed OUTPUT_INVALID."""
    try:
        with av.open(f"file:{mezzanine.absolute()}", options=input_options("mp4")) as media:
            stream = media.streams.video[0]
            entries = [(e.pos, e.size, e.is_keyframe) for e in stream.index_entries]
    except (av.FFmpegError, OSError, IndexError) as error:
        raise ToolFailed(
            "OUTPUT_INVALID", "The working copy of the film cannot be read again."
        ) from error
    keys = [number for number, (_, _, key) in enumerate(entries) if key]
    if keys[:1] != [0]:
        raise ToolFailed("OUTPUT_INVALID", "The working copy does not begin with a key frame.")
    gops = []
    for first, end in itertools.pairwise([*keys, len(entries)]):
        group = entries[first:end]
        gops.append((first, min(p for p, _, _ in group), max(p + s for p, s, _ in group)))
    return FilmIndex(_blocks(mezzanine), tuple(gops))


def _blocks(file: Path) -> Blocks:
    digests = []
    with file.open("rb") as opened:
        while block := opened.read(BLOCK):
            digests.append(hashlib.sha256(block).digest())
        return Blocks(opened.tell(), BLOCK, tuple(digests))
