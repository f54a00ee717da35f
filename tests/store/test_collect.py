"""Making room: what nobody needs goes, and nothing else, whoever publishes at the same time."""

from __future__ import annotations

import multiprocessing
import re
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select, update

from tests.builders import THREE_CUES, Team, a_job, ready_film, settings_in, track_on
from tests.s3 import S3Server
from workflow import stages
from workflow.errors import Conflict
from workflow.settings import Settings
from workflow.store import collect
from workflow.store.collect import Patience
from workflow.store.house import House, open_house, remember_blob
from workflow.store.tables import Base, Blob, Draft, FilmFile, Job, Segment, now_ms

NONE = Patience(young=0, grace=0, left_over=0, unused=0, segments=0)
DAY = 24 * 3600 * 1000


def put(house: House, data: bytes) -> str:
    sha256, size = house.blobs.put_bytes(data)
    with house.write() as session:
        remember_blob(session, sha256, size, "application/octet-stream")
    return sha256


def put_segment(house: House, key: str, data: bytes, used_at: int) -> str:
    sha256 = put(house, data)
    with house.write() as session:
        session.add(Segment(key=key.rjust(64, "0"), sha256=sha256, used_at=used_at))
    return sha256


def go_round(house: House, patience: Patience = NONE) -> None:
    collect.condemn_unneeded(house, "", patience)
    collect.begin_removals(house, patience)
    collect.finish_removals(house)


def state(house: House, sha256: str) -> str | None:
    with house.read() as session:
        blob = session.get(Blob, sha256)
        if blob is None:
            return None
        return "condemned" if blob.condemned_at and blob.state == "present" else blob.state


# --- who needs what -----------------------------------------------------------------------------


def test_every_column_that_could_name_a_blob_is_a_root() -> None:
    """A new table that keeps a file refers to `blob`: this fails for one that only has its hash."""
    known = {(table.name, column.name) for table, column in collect.roots()}  # type: ignore[attr-defined]
    suspects = {
        (table.name, column.name)
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if re.search(r"sha256|blob|document|output|manifest|^file$", column.name)
    }
    assert suspects - known == {
        ("blob", "sha256"),
        ("upload", "sha256"),  # what the client says, of bytes that are not here yet
        ("job", "output"),  # the id of a row
        ("package", "sha256"),  # of an archive that is put together when it is sent
    }


@pytest.mark.database
def test_what_a_draft_or_a_film_or_a_live_job_needs_is_never_condemned(people: Team) -> None:
    house = people.house
    film_id = ready_film(people)
    track_id = track_on(people, film_id, THREE_CUES).summary.id
    orphan, named = put(house, b"nobody's"), put(house, b"a job's")
    job_id = a_job(people)
    with house.write() as session:
        session.get_one(Job, job_id).params = {"inputs": [{"sha256": named}]}
    go_round(house)
    with house.read() as session:
        wanted = set(session.scalars(select(Draft.document).where(Draft.track_id == track_id)))
        wanted |= set(session.scalars(select(FilmFile.sha256).where(FilmFile.film_id == film_id)))
    assert wanted
    assert {state(house, sha256) for sha256 in wanted} == {"present"}
    assert state(house, named) == "present"
    assert state(house, orphan) is None
    assert house.blobs.size(orphan) is None
    with house.write() as session:
        session.execute(update(Job).values(state="done"))
    go_round(house)
    assert state(house, named) is None


@pytest.mark.database
def test_a_blob_has_a_week_to_be_needed_and_a_day_to_be_asked_for_again(house: House) -> None:
    sha256 = put(house, b"film")

    def grow_older(**columns: int) -> None:
        with house.write() as session:
            session.execute(update(Blob).values(**columns))

    go_round(house, Patience())
    assert state(house, sha256) == "present"
    grow_older(created_at=now_ms() - 7 * DAY)
    go_round(house, Patience())
    assert state(house, sha256) == "condemned"
    go_round(house, Patience())
    assert house.blobs.read(sha256) == b"film"
    grow_older(condemned_at=now_ms() - DAY)
    put(house, b"film")
    go_round(house, Patience(young=DAY * 30))
    assert state(house, sha256) == "present"
    grow_older(condemned_at=now_ms() - DAY)
    go_round(house, Patience())
    assert state(house, sha256) is None
    assert house.blobs.size(sha256) is None


def test_a_removal_that_was_broken_off_is_gone_on_with(house: House) -> None:
    sha256 = put(house, b"film")
    collect.condemn_unneeded(house, "", NONE)
    collect.begin_removals(house, NONE)
    assert state(house, sha256) == "removing"  # and here the sweeper is killed
    collect.finish_removals(house)
    assert state(house, sha256) is None


def test_whoever_publishes_what_is_being_removed_waits_until_it_is_gone(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    sha256 = put(house, b"film")
    collect.condemn_unneeded(house, "", NONE)
    collect.begin_removals(house, NONE)
    publisher = threading.Thread(target=put, args=(house, b"film"))
    publisher.start()
    time.sleep(0.3)
    assert publisher.is_alive()
    collect.finish_removals(house)
    publisher.join(10)
    assert state(house, sha256) == "present"
    assert house.blobs.read(sha256) == b"film"
    monkeypatch.setattr("workflow.store.house.GOING_SECONDS", 0.1)
    collect.condemn_unneeded(house, "", NONE)
    collect.begin_removals(house, NONE)
    with pytest.raises(Conflict, match="BLOB_GOING"):
        put(house, b"film")


# --- the race -----------------------------------------------------------------------------------

#: As far apart, for the test, as a commit and the longest job are in a day.
RACE = Patience(young=0, grace=400, left_over=0, unused=0, segments=0)
NAMES = 4


def _publish(settings: Settings, seconds: float, seed: int) -> None:
    """Publish the same few blobs again and again, and look at each as soon as it is referred to."""
    house = open_house(settings)
    until = time.monotonic() + seconds
    number = seed
    while time.monotonic() < until:
        number += 1
        data = b"film %d" % (number % NAMES)
        sha256, size = house.blobs.put_bytes(data)
        key = f"{seed}-{number % NAMES}".rjust(64, "0")
        with house.write() as session:
            remember_blob(session, sha256, size, "video/mp4")
            session.merge(Segment(key=key, sha256=sha256, used_at=now_ms()))
        assert house.blobs.read(sha256) == data, "it was removed under a reference"
        with house.write() as session:
            session.delete(session.get_one(Segment, key))
        time.sleep(0.05 * (number % 3) * (number % 11))  # now and then long enough to be removed
    house.close()


@pytest.mark.database
def test_no_publisher_loses_a_blob_to_the_collector(house: House, settings: Settings) -> None:
    spawn = multiprocessing.get_context("spawn")
    publishers = [spawn.Process(target=_publish, args=(settings, 2.5, seed)) for seed in range(2)]
    for process in publishers:
        process.start()
    removed = 0
    while any(process.is_alive() for process in publishers):
        collect.condemn_unneeded(house, "", RACE)
        collect.begin_removals(house, RACE)
        removed += collect.finish_removals(house)
        time.sleep(0.01)
    for process in publishers:
        process.join()
    assert [process.exitcode for process in publishers] == [0, 0]
    assert removed > 0  # else there was no race


# --- left over, lost ----------------------------------------------------------------------------


def test_a_file_whose_process_was_killed_before_its_row_is_found_and_removed(
    house: House,
) -> None:
    sha256, _ = house.blobs.put_bytes(b"published, and never recorded")
    collect.look_after(house, sha256[:2])
    assert state(house, sha256) is None  # its row may still come
    collect.look_after(house, sha256[:2], NONE)
    assert state(house, sha256) == "condemned"
    go_round(house)
    assert house.blobs.size(sha256) is None


def test_f25_a_lost_and_a_shortened_blob_are_told_and_forgiven_when_they_are_back(
    house: House,
) -> None:
    sha256 = put(house, b"film")
    file = house.blobs.existing(sha256)
    file.chmod(0o600)
    for data, told in ((b"fi", "damaged"), (None, "missing"), (b"film", "present")):
        if data is None:
            file.unlink()
        else:
            file.write_bytes(data)
        collect.look_after(house, sha256[:2])
        assert state(house, sha256) == told


def test_a_round_over_s3_finds_what_is_lost_and_what_is_left_over(
    s3: S3Server, tmp_path: Path
) -> None:
    house = open_house(settings_in(tmp_path, blobs=s3.url("rounds")))
    kept, lost = put(house, b"kept"), put(house, b"lost")
    left_over, _ = house.blobs.put_bytes(b"left over")
    house.blobs.remove(lost)
    for first in {name[:2] for name in (kept, lost, left_over)}:
        collect.look_after(house, first, NONE)
    assert [state(house, name) for name in (kept, lost, left_over)] == [
        "present",
        "missing",
        "condemned",
    ]
    go_round(house)
    assert house.blobs.size(left_over) is None
    house.close()


# --- segments -----------------------------------------------------------------------------------


@pytest.fixture
def small(house: House) -> House:
    return replace(house, settings=replace(house.settings, segment_cache_bytes=250))


@pytest.mark.database
def test_segments_over_the_limit_go_the_longest_unused_first(small: House) -> None:
    shas = [put_segment(small, str(n), bytes([n]) * 100, used_at=n) for n in range(5)]
    assert collect.trim_segments(small, patience=NONE) == 300
    go_round(small)
    assert [state(small, sha256) for sha256 in shas] == [None] * 3 + ["present"] * 2
    with small.read() as session:
        assert collect.segment_bytes(session) == 200


@pytest.mark.database
def test_a_segment_that_was_looked_up_for_a_stitch_is_used(small: House) -> None:
    shas = [put_segment(small, str(n), bytes([n]) * 100, used_at=n) for n in range(3)]
    collect.use_segments(small, ["0".rjust(64, "0")])
    collect.trim_segments(small, patience=NONE)
    go_round(small)
    assert [state(small, sha256) for sha256 in shas] == ["present", None, "present"]


def test_segments_of_a_job_under_way_are_spared_whatever_the_limit(
    small: House, people: Team
) -> None:
    a_job(people)
    with small.write() as session:
        session.execute(update(Job).values(created_at=now_ms() - 10_000))
    old = put_segment(small, "1", b"1" * 300, used_at=now_ms() - 20_000)
    new = put_segment(small, "2", b"2" * 300, used_at=now_ms() - 5_000)
    collect.trim_segments(small, patience=NONE)
    go_round(small)
    assert (state(small, old), state(small, new)) == (None, "present")


def test_a_full_disk_lets_segments_go_that_the_limit_would_keep(house: House) -> None:
    shas = [put_segment(house, str(n), bytes([n]) * 100, used_at=n) for n in range(4)]
    assert collect.trim_segments(house, wanting=150, patience=NONE) == 200
    go_round(house)
    assert [state(house, sha256) for sha256 in shas] == [None, None, "present", "present"]


def test_the_use_of_the_store_is_told_by_kind(people: Team) -> None:
    ready_film(people)
    put(people.house, b"nobody's")
    go_round(people.house, Patience(young=0))
    told = {use.kind: use for use in collect.storage_use(people.house)}
    assert told["condemned"].blobs == 1
    assert told["film mezzanine"].blobs == 1
    assert told["all"].bytes >= told["film"].bytes + told["condemned"].bytes


def test_one_round_of_the_sweeper_is_a_round_of_the_store(house: House) -> None:
    put(house, b"film")
    for _ in range(3):
        stages.sweep(house, lambda queue, job: None)
