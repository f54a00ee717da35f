"""The tables of a database, made by migrations, are those of the models."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from tests.builders import settings_in
from workflow.errors import ToolFailed
from workflow.store.database import Database
from workflow.store.house import House, open_house
from workflow.store.migrations import (
    alembic_config,
    current_revision,
    head_revision,
    upgrade,
)
from workflow.store.tables import Base


@pytest.mark.database
def test_models_and_migrations_agree(house: House) -> None:
    with house.db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_the_head_that_is_written_down_is_the_head_there_is() -> None:
    assert ScriptDirectory.from_config(alembic_config()).get_current_head() == head_revision()


@pytest.mark.database
def test_upgrading_twice_changes_nothing(database_url: str) -> None:
    assert current_revision(database_url) == head_revision()
    upgrade(database_url)
    assert current_revision(database_url) == head_revision()


def test_processes_that_start_together_on_a_new_folder_all_find_a_whole_database(
    tmp_path: Path,
) -> None:
    problems: list[BaseException] = []

    def start() -> None:
        try:
            open_house(settings_in(tmp_path)).close()
        except BaseException as error:
            problems.append(error)

    threads = [threading.Thread(target=start) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert current_revision(f"sqlite:///{tmp_path}/terjime.db") == head_revision()


def test_processes_that_start_together_on_an_empty_postgresql_all_find_a_whole_database(
    postgresql_server,
) -> None:
    url = postgresql_server.create()
    problems: list[BaseException] = []

    def start() -> None:
        try:
            upgrade(url)
        except BaseException as error:
            problems.append(error)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert current_revision(url) == head_revision()


def test_a_database_of_a_newer_release_is_refused(database_url: str) -> None:
    db = Database(database_url)
    with db.connection() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ToolFailed, match="DATABASE_NEWER"):
        upgrade(db)
    db.close()
