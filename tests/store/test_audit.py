"""The audit: complete, in order, and not to be changed."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import delete, select, text, update

from workflow.errors import Conflict
from workflow.store import audit
from workflow.store.house import House
from workflow.store.tables import Audit

pytestmark = pytest.mark.database


def note(house: House, action: str) -> None:
    with house.write() as session:
        audit.note(session, None, action, "film", "1", detail=action)


def test_the_chain_holds_over_many_rows_from_many_writers(house: House) -> None:
    def write() -> None:
        for number in range(5):
            note(house, f"step {number}")

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with house.read() as session:
        assert len(session.scalars(select(Audit)).all()) == 20
        assert audit.first_break(session) is None


def test_what_was_not_done_is_not_in_it(house: House) -> None:
    def half() -> None:
        with house.write() as session:
            audit.note(session, None, "film.add", "film", "1")
            raise Conflict("NO", "Not this one.")

    with pytest.raises(Conflict):
        half()
    with house.read() as session:
        assert session.scalars(select(Audit)).all() == []


@pytest.mark.parametrize(
    "change", [update(Audit).values(action="nothing"), delete(Audit)], ids=["update", "delete"]
)
def test_the_database_refuses_to_change_a_row(house: House, change) -> None:
    note(house, "film.add")
    with pytest.raises(Exception, match="APPEND_ONLY"), house.write() as session:
        session.execute(change)


def test_a_row_changed_behind_the_database_breaks_the_chain_there(house: House) -> None:
    for number in range(3):
        note(house, f"step {number}")
    past_the_triggers = (
        "DROP TRIGGER audit_no_update"
        if house.db.is_sqlite
        else "SET LOCAL session_replication_role = replica"
    )
    with house.write() as session:
        session.execute(text(past_the_triggers))
        session.execute(update(Audit).where(Audit.action == "step 1").values(action="step 9"))
    with house.read() as session:
        broken = session.scalars(select(Audit.seq).where(Audit.action == "step 9")).one()
        assert audit.first_break(session) == broken
