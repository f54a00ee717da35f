"""A ZIP that is never built: other programs read it, and any range of it is the same as in the whole."""

from __future__ import annotations

import hashlib
import io
import shutil
import subprocess
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.delivery.zip import Entry, ZipLayout

MADE = 1_795_510_645_000  # 2026-11-24 08:57:25 UTC
FILES = {
    "film/README.txt": "Öý".encode(),
    "film/empty": b"",
    "film/çäž.srt": b"1\n00:00:01,000 --> 00:00:02,000\nSalam\n",
    "film/films/a.mp4": bytes(range(256)) * 9,
}
BYTES = {hashlib.sha256(data).hexdigest(): data for data in FILES.values()}


def entry(name: str, data: bytes) -> Entry:
    return Entry(name, hashlib.sha256(data).hexdigest(), len(data), zlib.crc32(data))


def read(layout: ZipLayout, start: int, end: int) -> bytes:
    return b"".join(
        piece if isinstance(piece, bytes) else BYTES[piece.sha256][piece.start : piece.end]
        for piece in layout.pieces(start, end)
    )


LAYOUT = ZipLayout([entry(name, data) for name, data in FILES.items()], MADE)
WHOLE = read(LAYOUT, 0, LAYOUT.size)


def test_python_reads_every_file_with_its_name_and_time() -> None:
    with zipfile.ZipFile(io.BytesIO(WHOLE)) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == FILES
        assert {info.date_time for info in archive.infolist()} == {(2026, 11, 24, 8, 57, 24)}
    assert len(WHOLE) == LAYOUT.size


# A second reader beside Python's own, which always runs; unzip is no part of the product.
@pytest.mark.skipif(shutil.which("unzip") is None, reason="unzip is not installed")
def test_unzip_finds_nothing_wrong(tmp_path: Path) -> None:
    file = tmp_path / "a.zip"
    file.write_bytes(WHOLE)
    said = subprocess.run(["unzip", "-t", file], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout + said.stderr
    assert "No errors detected" in said.stdout


@given(st.integers(0, LAYOUT.size), st.integers(0, LAYOUT.size))
def test_any_range_is_that_part_of_the_whole(a: int, b: int) -> None:
    start, end = min(a, b), max(a, b)
    assert read(LAYOUT, start, end) == WHOLE[start:end]


class Sparse(io.RawIOBase):
    """An archive of files of zeros, as long as one likes, read where somebody looks."""

    def __init__(self, layout: ZipLayout) -> None:
        self.layout, self.at = layout, 0

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.at

    def seek(self, offset: int, whence: int = 0) -> int:
        self.at = offset + (0, self.at, self.layout.size)[whence]
        return self.at

    def read(self, size: int = -1) -> bytes:
        end = self.layout.size if size < 0 else min(self.layout.size, self.at + size)
        data = b"".join(
            piece if isinstance(piece, bytes) else bytes(piece.end - piece.start)
            for piece in self.layout.pieces(self.at, end)
        )
        self.at += len(data)
        return data


@pytest.mark.parametrize(
    "sizes",
    [(0xFFFFFFFE, 3), (0xFFFFFFFF, 3), (5 << 30, 3), (3 << 30, 3 << 30, 3)],
    ids=["just fits", "just not", "one large film", "together too large"],
)
def test_over_four_gigabytes_the_last_file_is_still_found_and_read(sizes: tuple[int, ...]) -> None:
    entries = [Entry(f"f{n}", "00", size, zlib.crc32(bytes(3))) for n, size in enumerate(sizes)]
    with zipfile.ZipFile(Sparse(ZipLayout(entries, MADE))) as archive:
        assert [info.file_size for info in archive.infolist()] == list(sizes)
        assert archive.read(f"f{len(sizes) - 1}") == bytes(3)
        with archive.open("f0") as first:  # its own header says the same as the directory
            assert first.read(4) == bytes(4)


def test_more_files_than_sixteen_bits_count_are_all_there() -> None:
    entries = [Entry(f"{n}", "00", 0, 0) for n in range(70_000)]
    with zipfile.ZipFile(Sparse(ZipLayout(entries, MADE))) as archive:
        assert len(archive.namelist()) == 70_000
