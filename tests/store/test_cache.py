"""The cache of a machine: within its limit, the longest unused first, never what a job holds."""

from __future__ import annotations

import hashlib
import os

import pytest

from tests.store.conftest import Shelf
from workflow.errors import ToolFailed
from workflow.media.index import Blocks
from workflow.store.cache import BlobCache
from workflow.store.s3 import S3Blobs

SIZE, BLOCK = 1 << 20, 64 << 10


def long_ago(blobs: S3Blobs) -> None:
    for number, file in enumerate(sorted(blobs.cache.folder.glob("*/??/*"))):
        os.utime(file, (number, number))


def blocks_of(data: bytes) -> Blocks:
    pieces = [data[at : at + BLOCK] for at in range(0, len(data), BLOCK)]
    return Blocks(len(data), BLOCK, tuple(hashlib.sha256(piece).digest() for piece in pieces))


def test_what_a_job_holds_outlives_every_trim_and_goes_with_the_job(s3_blobs: S3Blobs) -> None:
    names = [s3_blobs.put_bytes(os.urandom(SIZE))[0] for _ in range(3)]
    with s3_blobs.held("job.1") as mine:
        held = mine.existing(names[0])
        for sha256 in names[1:]:
            s3_blobs.existing(sha256)
        long_ago(s3_blobs)
        assert s3_blobs.trim(room=1 << 40) == 2 * SIZE
        assert hashlib.sha256(held.read_bytes()).hexdigest() == names[0]
    assert not s3_blobs.held_folders()
    long_ago(s3_blobs)
    assert s3_blobs.trim(room=1 << 40) == SIZE


def test_the_limit_is_kept_by_what_was_unused_for_longest(s3_blobs: S3Blobs) -> None:
    small = BlobCache(s3_blobs.cache.folder, 2 * SIZE)
    names = [s3_blobs.put_bytes(os.urandom(SIZE))[0] for _ in range(4)]
    files = [s3_blobs.existing(sha256) for sha256 in names]
    for age, file in enumerate(files):
        os.utime(file, (1000 + age, 1000 + age))
    assert small.trim() == 2 * SIZE
    assert [file.exists() for file in files] == [False, False, True, True]


def test_only_the_blocks_that_are_wanted_come_and_each_comes_once(s3_blobs: S3Blobs) -> None:
    data = os.urandom(SIZE)
    sha256, _ = s3_blobs.put_bytes(data)
    asked: list[str] = []
    s3_blobs._client.meta.events.register(
        "before-parameter-build.s3.GetObject", lambda params, **_: asked.append(params["Range"])
    )
    blocks = blocks_of(data)
    for _ in range(2):
        part = s3_blobs.partial(sha256, blocks, [(0, 10), (700_000, 700_001)])
    assert asked == ["bytes=0-65535", "bytes=655360-720895"]
    assert part.stat().st_size == SIZE
    with part.open("rb") as file:
        assert file.read(BLOCK) == data[:BLOCK]
        file.seek(700_000)
        assert file.read(1) == data[700_000:700_001]
    assert part.stat().st_blocks * 512 <= 3 * BLOCK


def test_f25_damage_in_the_store_is_noticed_whole_or_in_part(s3_blobs: S3Blobs) -> None:
    data = os.urandom(SIZE)
    sha256, _ = s3_blobs.put_bytes(data)
    spoilt = bytearray(data)
    spoilt[3 * BLOCK] ^= 1
    Shelf(s3_blobs).spoil(sha256, bytes(spoilt))
    with pytest.raises(ToolFailed, match="BLOB_DAMAGED"):
        s3_blobs.existing(sha256)
    blocks = blocks_of(data)
    assert s3_blobs.partial(sha256, blocks, [(0, BLOCK)]).exists()
    with pytest.raises(ToolFailed, match="BLOB_DAMAGED"):
        s3_blobs.partial(sha256, blocks, [(3 * BLOCK, 3 * BLOCK + 1)])
    assert not list((s3_blobs.cache.folder / "arriving").iterdir())


def test_what_was_fetched_whole_is_a_file_that_nobody_writes_to(s3_blobs: S3Blobs) -> None:
    sha256, _ = s3_blobs.put_bytes(b"film")
    assert s3_blobs.existing(sha256).stat().st_mode & 0o222 == 0
