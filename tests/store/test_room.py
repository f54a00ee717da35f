"""A full disk: what is begun is refused in time, what is under way fails by name, nothing half written stays."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.builders import Team, a_job, settings_in
from tests.s3 import S3Server
from tests.small_disk import small_disk
from workflow import stages
from workflow.errors import ToolFailed
from workflow.store.blobs import FolderBlobs
from workflow.store.cache import BlobCache
from workflow.store.house import open_house
from workflow.store.room import bytes_wanting
from workflow.store.s3 import Place, S3Blobs

FILM = os.urandom(1 << 20)


@contextmanager
def no_file_over(size: int) -> Iterator[None]:
    """As a disk that becomes full: a write beyond *size* is refused (EFBIG; SIGXFSZ is ignored by Python)."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_f9_a_disk_that_is_full_keeps_nothing_half_written_and_takes_the_same_afterwards(
    tmp_path: Path,
) -> None:
    blobs = FolderBlobs(tmp_path / "blobs")
    with no_file_over(1 << 19), pytest.raises(ToolFailed, match="DISK_FULL"):
        blobs.put_bytes(FILM)
    assert not [path for path in blobs.folder.rglob("*") if path.is_file()]
    sha256, _ = blobs.put_bytes(FILM)
    assert blobs.read(sha256) == FILM


def test_f9_a_cache_that_cannot_grow_says_so_and_keeps_nothing_half_fetched(
    s3: S3Server, tmp_path: Path
) -> None:
    blobs = S3Blobs(Place.of(s3.url("full")), BlobCache(tmp_path / "cache", 1 << 30))
    sha256, _ = blobs.put_bytes(FILM)
    with no_file_over(1 << 19), pytest.raises(ToolFailed, match="DISK_FULL"):
        blobs.existing(sha256)
    assert not list((tmp_path / "cache" / "arriving").iterdir())
    assert blobs.existing(sha256).read_bytes() == FILM
    blobs.close()


@pytest.fixture(name="small_disk")
def a_small_disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk") as folder:
        yield folder


def test_f9_a_full_disk_refuses_work_before_it_begins_and_lets_it_begin_when_there_is_room(
    people: Team, small_disk: Path
) -> None:
    (small_disk / "work").mkdir()
    (small_disk / "uploads").mkdir()
    here = replace(
        people.house,
        settings=replace(
            people.house.settings, data_dir=small_disk, blobs=str(people.house.settings.blob_dir)
        ),
    )
    filler = small_disk / "filler"
    filler.write_bytes(bytes(4_050_000))
    job_id = a_job(people, kind="render", queue="render")
    stages.run_waiting(here)
    job = stages.job_view(people.house, job_id)
    assert job.error is not None
    assert (job.state, job.error["code"]) == ("failed", "DISK_LOW")
    with pytest.raises(ToolFailed, match="DISK_LOW"):
        stages.open_upload(here, people.producer, people.project_id, name="a.mp4", length=5)
    filler.unlink()
    assert bytes_wanting(here.settings) == 0
    stages.open_upload(here, people.producer, people.project_id, name="a.mp4", length=5)


def test_f9_a_disk_that_fills_up_while_a_blob_arrives_keeps_what_it_had(small_disk: Path) -> None:
    blobs = FolderBlobs(small_disk / "blobs")
    first, _ = blobs.put_bytes(FILM)
    with pytest.raises(ToolFailed, match="DISK_FULL"):
        blobs.put_bytes(FILM * 4)
    assert blobs.read(first) == FILM
    assert [path.name for path in blobs.folder.rglob("*") if path.is_file()] == [first]
    again, _ = blobs.put_bytes(FILM + b"2")
    assert blobs.size(again) == len(FILM) + 1


def test_storage_is_told_on_the_command_line(tmp_path: Path) -> None:
    open_house(settings_in(tmp_path)).close()
    run = subprocess.run(
        [sys.executable, "-m", "workflow.cli", "storage", "--data", str(tmp_path), "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    told = json.loads(run.stdout)
    assert {use["kind"] for use in told["storage"]} == {"all", "condemned"}
