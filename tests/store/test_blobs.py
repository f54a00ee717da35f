"""Blobs: named by what they hold, moved in whole, kept once; in a folder and in S3 alike."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

import pytest

from tests.store.conftest import Shelf
from workflow.errors import BadInput, NotFound, ToolFailed
from workflow.store.blobs import Blobs, FolderBlobs
from workflow.store.house import House, remember_blob
from workflow.store.tables import Blob

FILM = bytes(range(256)) * 1000


def sha_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def made(folder: Path, data: bytes) -> Path:
    file = folder / "made.mp4"
    file.write_bytes(data)
    return file


def test_a_published_file_is_found_by_its_hash_and_nothing_is_left_where_it_was(
    shelf: Shelf, tmp_path: Path
) -> None:
    file = made(tmp_path, FILM)
    sha256, size = shelf.blobs.publish(file)
    assert (sha256, size) == (sha_of(FILM), len(FILM))
    assert shelf.file(sha256).read_bytes() == FILM
    assert shelf.blobs.read(sha256) == FILM
    assert shelf.blobs.existing(sha256).read_bytes() == FILM
    assert shelf.blobs.size(sha256) == len(FILM)
    assert not file.exists()


def test_a_file_that_is_not_what_was_promised_stays_where_it_is(
    shelf: Shelf, tmp_path: Path
) -> None:
    file = made(tmp_path, FILM)
    with pytest.raises(BadInput, match="HASH_MISMATCH"):
        shelf.blobs.publish(file, expected="0" * 64)
    assert file.exists()
    assert shelf.blobs.size(sha_of(FILM)) is None


@pytest.mark.parametrize("size", [(16 << 20) - 1, (16 << 20) + 1, 25 << 20])
def test_a_large_file_arrives_whole_however_many_parts_it_is_sent_in(
    shelf: Shelf, tmp_path: Path, size: int
) -> None:
    data = os.urandom(1 << 20) * (size >> 20) + os.urandom(size % (1 << 20))
    sha256, length = shelf.blobs.publish(made(tmp_path, data))
    assert length == size == shelf.file(sha256).stat().st_size
    assert sha_of(shelf.file(sha256).read_bytes()) == sha256


def test_the_same_bytes_twice_are_one_file_written_once(shelf: Shelf, tmp_path: Path) -> None:
    first, _ = shelf.blobs.put_bytes(FILM)
    kept = shelf.file(first).stat()
    assert shelf.blobs.put_bytes(FILM)[0] == first
    assert shelf.blobs.publish(made(tmp_path, FILM))[0] == first
    now = shelf.file(first).stat()
    assert (now.st_ino, now.st_mtime_ns) == (kept.st_ino, kept.st_mtime_ns)


def test_any_stretch_of_a_blob_comes_alone(shelf: Shelf) -> None:
    sha256, _ = shelf.blobs.put_bytes(FILM)
    for start, end in ((0, 1), (100, 256_000), (255_999, 256_000), (7, 7), (0, 256_000)):
        assert b"".join(shelf.blobs.stream(sha256, start, end)) == FILM[start:end]


def test_an_empty_file_is_a_blob_too(shelf: Shelf) -> None:
    sha256, _ = shelf.blobs.put_bytes(b"")
    assert shelf.blobs.read(sha256) == b""
    assert shelf.blobs.existing(sha256).read_bytes() == b""


def test_a_blob_that_was_cut_short_is_replaced_when_its_bytes_come_again(shelf: Shelf) -> None:
    sha256, _ = shelf.blobs.put_bytes(b"film")
    shelf.spoil(sha256, b"fi")
    shelf.blobs.put_bytes(b"film")
    assert shelf.blobs.read(sha256) == b"film"


def test_f25_a_blob_with_flipped_bits_is_not_read(shelf: Shelf) -> None:
    sha256, _ = shelf.blobs.put_bytes(b"film")
    shelf.spoil(sha256, b"fiLm")
    with pytest.raises(ToolFailed, match="BLOB_DAMAGED"):
        shelf.blobs.read(sha256)


def test_a_missing_blob_is_named(shelf: Shelf) -> None:
    for ask in (shelf.blobs.read, shelf.blobs.existing, lambda s: shelf.blobs.stream(s, 0, 4)):
        with pytest.raises(NotFound, match="BLOB_MISSING"):
            ask("0" * 64)
    assert shelf.blobs.size("0" * 64) is None


def test_a_removed_blob_is_gone_and_removing_it_again_is_no_error(shelf: Shelf) -> None:
    sha256, _ = shelf.blobs.put_bytes(FILM)
    shelf.blobs.remove(sha256)
    shelf.blobs.remove(sha256)
    assert shelf.blobs.size(sha256) is None


def test_the_store_lists_what_it_has_by_the_first_two_digits(shelf: Shelf) -> None:
    names = {shelf.blobs.put_bytes(bytes([number]))[0] for number in range(40)}
    listed: dict[str, int] = {}
    for first in {name[:2] for name in names}:
        found = shelf.blobs.listing(first)
        assert all(name.startswith(first) for name in found)
        listed |= {name: stored.size for name, stored in found.items()}
    assert listed == dict.fromkeys(names, 1)
    assert shelf.blobs.listing("zz") == {}


# --- the folder's own ---------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> FolderBlobs:
    return FolderBlobs(tmp_path / "blobs")


def test_a_blob_cannot_be_written_to_by_accident(folder: FolderBlobs) -> None:
    sha256, _ = folder.put_bytes(b"film")
    assert not folder.path(sha256).stat().st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH)
    assert [p for p in folder.folder.rglob("*") if p.is_file()] == [folder.path(sha256)]


def test_what_a_killed_process_left_on_its_way_in_goes_after_a_while(folder: FolderBlobs) -> None:
    left = folder.folder / "incoming" / "half"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half")
    folder.clear_unfinished(24 * 3600)
    assert left.exists()
    folder.clear_unfinished(-1)
    assert not left.exists()


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "A" * 64, "0" * 63, "0" * 63 + "/"])
def test_only_a_hash_names_a_blob(folder: FolderBlobs, name: str) -> None:
    with pytest.raises(ValueError, match="not a SHA-256"):
        folder.path(name)


def test_a_shared_folder_on_another_filesystem_takes_a_file_whole(tmp_path: Path) -> None:
    elsewhere = Path("/dev/shm") / f"terjime-{os.getpid()}"
    assert Path("/dev/shm").stat().st_dev != tmp_path.stat().st_dev
    file = elsewhere / "made.mp4"
    elsewhere.mkdir()
    try:
        file.write_bytes(FILM)
        blobs: Blobs = FolderBlobs(tmp_path / "blobs")
        sha256, _ = blobs.publish(file)
        assert blobs.read(sha256) == FILM
        assert not file.exists()
        assert not list((tmp_path / "blobs" / "incoming").iterdir())
    finally:
        file.unlink(missing_ok=True)
        elsewhere.rmdir()


# --- their rows ---------------------------------------------------------------------------------


@pytest.mark.database
def test_a_blob_that_was_lost_is_present_again_once_it_was_written_again(house: House) -> None:
    sha256, size = house.blobs.put_bytes(b"film")
    with house.write() as session:
        remember_blob(session, sha256, size, "video/mp4")
    with house.write() as session:
        session.get_one(Blob, sha256).state = "missing"
    with house.write() as session:
        remember_blob(session, sha256, size, "video/mp4")
    with house.read() as session:
        assert session.get_one(Blob, sha256).state == "present"
