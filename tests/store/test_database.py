"""Transactions on both databases: whole, waited for, and tried again as a whole."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import select, text, update

from tests.builders import Team, person_named, settings_in
from workflow.errors import Conflict, ToolFailed, ToolMissing
from workflow.store import database, ledger
from workflow.store.database import Database, db_now, filesystem_of, in_whole
from workflow.store.house import House
from workflow.store.tables import Person, Project


def test_sqlite_is_opened_as_the_design_says(house: House) -> None:
    wanted = {
        "journal_mode": "wal",
        "synchronous": 2,  # FULL
        "busy_timeout": 10_000,
        "foreign_keys": 1,
        "wal_autocheckpoint": 1000,
        "journal_size_limit": 64 << 20,
    }
    with house.read() as session:
        found = {name: session.execute(text(f"PRAGMA {name}")).scalar() for name in wanted}
    assert found == wanted


@pytest.mark.database
def test_the_database_clock_runs_in_seconds_since_1970(house: House) -> None:
    with house.read() as session:
        now = session.execute(select(db_now())).scalar_one()
    assert abs(now - time.time()) < 2
    assert abs(ledger.clock_difference(house)) < 2


@pytest.mark.database
def test_a_transaction_that_fails_leaves_nothing(house: House) -> None:
    person = person_named(house, "ayna")

    def half() -> None:
        with house.write() as session:
            session.add(Project(title="Half", created_by=person))
            session.flush()
            raise Conflict("NO", "Not this one.")

    with pytest.raises(Conflict):
        half()
    with house.read() as session:
        assert session.scalars(select(Project)).all() == []


@pytest.mark.database
def test_many_writers_wait_for_each_other_and_none_is_lost(house: House, people: Team) -> None:
    def count_up() -> None:
        for _ in range(10):
            with house.write() as session:
                person = session.scalars(
                    select(Person).where(Person.id == people.reviewer_id).with_for_update()
                ).one()
                person.failed_sign_ins += 1

    threads = [threading.Thread(target=count_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with house.read() as session:
        assert session.get_one(Person, people.reviewer_id).failed_sign_ins == 40


@pytest.mark.database
def test_a_foreign_key_that_names_nothing_is_refused(house: House) -> None:
    with pytest.raises(Exception, match=r"(?i)foreign key"), house.write() as session:
        session.add(Project(title="Nobody's", created_by="nobody"))


@pytest.mark.database
def test_a_read_that_tries_to_write_keeps_nothing(house: House) -> None:
    person = person_named(house, "ayna")
    refused = (
        contextlib.nullcontext()
        if house.db.is_sqlite
        else pytest.raises(Exception, match="read-only")
    )
    with refused, house.read() as session:
        session.execute(update(Person).where(Person.id == person).values(name="Changed"))
    with house.read() as session:
        assert session.get_one(Person, person).name == "Ayna"


def test_f12_a_write_that_waits_too_long_is_told_so_and_saves_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_MS", 50)
    impatient = Database(house.settings.database_url)
    holder = sqlite3.connect(house.settings.data_dir / "terjime.db")
    holder.isolation_level = None
    holder.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(ToolMissing, match="DATABASE_BUSY"), impatient.write():
            pass
    finally:
        holder.execute("ROLLBACK")
        holder.close()
    with impatient.write():
        pass
    impatient.close()


def test_a_busy_database_is_tried_three_times_and_around_the_whole_step() -> None:
    begun = 0

    @in_whole
    def step() -> str:
        nonlocal begun
        begun += 1
        if begun < 3:
            raise ToolMissing("DATABASE_BUSY", "Not now.")
        return "done"

    assert step() == "done"
    assert begun == 3


def test_other_refusals_are_not_tried_again() -> None:
    begun = 0

    @in_whole
    def step() -> None:
        nonlocal begun
        begun += 1
        raise Conflict("MOVED", "Look again.")

    with pytest.raises(Conflict):
        step()
    assert begun == 1


def test_sqlite_on_a_network_filesystem_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "filesystem_of", lambda folder: "nfs4")
    with pytest.raises(ToolFailed, match="DATABASE_ON_NETWORK"):
        Database(settings_in(tmp_path).database_url)


def test_the_filesystem_of_a_folder_is_that_of_the_nearest_mount() -> None:
    assert filesystem_of(Path("/proc/self")) == "proc"


def test_a_full_disk_is_named(house: House) -> None:
    def fill() -> None:
        with house.db.write() as session:
            pages = session.execute(text("PRAGMA page_count")).scalar()
            session.execute(text(f"PRAGMA max_page_count = {pages}"))
            session.execute(text("CREATE TABLE big AS SELECT zeroblob(10000000) AS bytes"))

    with pytest.raises(ToolFailed, match="DISK_FULL"):
        fill()
