"""Blobs: named by what they hold, moved in whole, kept once."""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path

import pytest

from workflow.errors import NotFound, ToolFailed
from workflow.store.blobs import Blobs
from workflow.store.house import House, remember_blob
from workflow.store.tables import Blob


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    (tmp_path / "blobs").mkdir()
    return Blobs(tmp_path / "blobs")


def test_a_published_file_is_found_by_its_hash_and_nothing_is_left_where_it_was(
    blobs: Blobs, tmp_path: Path
) -> None:
    file = tmp_path / "made.mp4"
    file.write_bytes(b"film")
    sha256, size = blobs.publish(file)
    assert (sha256, size) == (hashlib.sha256(b"film").hexdigest(), 4)
    assert blobs.path(sha256) == tmp_path / "blobs" / sha256[:2] / sha256[2:4] / sha256
    assert blobs.read(sha256) == b"film"
    assert not file.exists()


def test_a_blob_cannot_be_written_to_by_accident(blobs: Blobs) -> None:
    sha256, _ = blobs.put_bytes(b"film")
    assert not blobs.path(sha256).stat().st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH)


def test_the_same_bytes_twice_are_one_file(blobs: Blobs) -> None:
    first, _ = blobs.put_bytes(b"film")
    inode = blobs.path(first).stat().st_ino
    second, _ = blobs.put_bytes(b"film")
    assert first == second
    assert blobs.path(second).stat().st_ino == inode
    assert [p for p in blobs.folder.rglob("*") if p.is_file()] == [blobs.path(first)]


def test_a_blob_that_was_cut_short_is_replaced_when_its_bytes_come_again(blobs: Blobs) -> None:
    sha256, _ = blobs.put_bytes(b"film")
    blobs.path(sha256).chmod(0o600)
    blobs.path(sha256).write_bytes(b"fi")
    blobs.put_bytes(b"film")
    assert blobs.read(sha256) == b"film"


def test_f25_a_blob_with_flipped_bits_is_not_read(blobs: Blobs) -> None:
    sha256, _ = blobs.put_bytes(b"film")
    blobs.path(sha256).chmod(0o600)
    blobs.path(sha256).write_bytes(b"fiLm")
    with pytest.raises(ToolFailed, match="BLOB_DAMAGED"):
        blobs.read(sha256)


def test_a_missing_blob_is_named(blobs: Blobs) -> None:
    with pytest.raises(NotFound, match="BLOB_MISSING"):
        blobs.read("0" * 64)
    with pytest.raises(NotFound, match="BLOB_MISSING"):
        blobs.existing("0" * 64)


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "A" * 64, "0" * 63, "0" * 63 + "/"])
def test_only_a_hash_names_a_blob(blobs: Blobs, name: str) -> None:
    with pytest.raises(ValueError, match="not a SHA-256"):
        blobs.path(name)


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
