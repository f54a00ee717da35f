"""`terjime users | projects | jobs | doctor` on a house of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.builders import team
from tests.stages.finished import approved_version, finished
from workflow import stages
from workflow.cli.sample import sample_file
from workflow.people import Actor
from workflow.settings import Settings
from workflow.store.house import open_house
from workflow.store.migrations import upgrade


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("TERJIME_DATABASE_URL", "TERJIME_REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    upgrade(Settings.from_env(tmp_path).database_url)
    return tmp_path


def terjime(data: Path, *arguments: str, says: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "workflow.cli", *arguments, "--data", str(data)],
        input=says,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_person_is_added_listed_and_given_another_password(data: Path) -> None:
    added = terjime(
        data, "users", "add", "Maral@Example.org", "--producer", "--json", says="a long password\n"
    )
    assert added.returncode == 0, added.stderr
    assert json.loads(added.stdout)["may_create_projects"] is True
    listed = json.loads(terjime(data, "users", "list", "--json").stdout)["users"]
    assert [person["email"] for person in listed] == ["maral@example.org"]
    changed = terjime(data, "users", "password", "maral@example.org", says="another long one\n")
    assert changed.returncode == 0, changed.stderr


def test_the_same_address_twice_is_refused(data: Path) -> None:
    add = ["users", "add", "maral@example.org"]
    assert terjime(data, *add, says="a long password\n").returncode == 0
    again = terjime(data, *add, says="a long password\n")
    assert again.returncode == 3
    assert "EMAIL_TAKEN" in again.stderr


def test_a_short_password_is_refused_and_nobody_is_added(data: Path) -> None:
    run = terjime(data, "users", "add", "maral@example.org", says="short\n")
    assert run.returncode == 3
    assert "PASSWORD_SHORT" in run.stderr
    assert json.loads(terjime(data, "users", "list", "--json").stdout) == {"users": []}


def test_a_password_for_nobody_is_refused(data: Path) -> None:
    assert terjime(data, "users", "password", "nobody@example.org").returncode == 3


def test_an_empty_house_has_no_projects_and_no_jobs(data: Path) -> None:
    assert json.loads(terjime(data, "projects", "list", "--json").stdout) == {"projects": []}
    assert json.loads(terjime(data, "jobs", "list", "--json").stdout) == {"jobs": []}
    assert "No jobs yet." in terjime(data, "jobs", "list").stdout


def test_cancelling_a_job_that_is_not_there_is_refused(data: Path) -> None:
    assert terjime(data, "jobs", "cancel", "none").returncode == 3


def test_doctor_names_the_part_that_is_missing(data: Path) -> None:
    run = terjime(data, "doctor", "--json")
    assert run.returncode == 5
    state = {part["part"]: part["ok"] for part in json.loads(run.stdout)["parts"]}
    assert state["ffmpeg"]
    assert state["fonts"]
    assert state["voice model"]
    assert state["database"]
    assert not state["redis"]
    assert state["workers"]  # nobody was asked yet


def test_a_film_on_this_machine_goes_into_a_project(data: Path) -> None:
    house = open_house(Settings.from_env(data))
    maral = stages.create_person(
        house, email="m@example.org", name="Maral", password_hash=None, may_create_projects=True
    )
    project = stages.create_project(house, Actor(maral.id, may_create_projects=True), "Film")
    film = str(sample_file("rights.mp4"))
    added = terjime(data, "projects", "add-film", project.id, film, "--json")
    assert added.returncode == 0, added.stderr
    assert json.loads(added.stdout)["state"] == "ingesting"
    jobs = json.loads(terjime(data, "jobs", "list", "--json").stdout)["jobs"]
    assert [job["kind"] for job in jobs] == ["ingest"]
    assert terjime(data, "jobs", "cancel", jobs[0]["id"]).stdout.strip() == "cancelled"
    assert terjime(data, "jobs", "retry", jobs[0]["id"]).stdout.strip() == "queued"
    assert terjime(data, "projects", "add-film", "none", film).returncode == 3


def test_a_file_is_identified_by_its_bytes_by_its_tag_or_not_at_all(
    data: Path, film_file: Path, tmp_path: Path
) -> None:
    house = open_house(Settings.from_env(data))
    people = team(house)
    version = approved_version(people)
    finished(people, version, film_file)
    house.close()
    said = terjime(data, "identify", str(film_file), "--json")
    assert said.returncode == 0, said.stderr
    found = json.loads(said.stdout)
    assert (found["kind"], found["matched"], found["approved_by"]) == ("render", "bytes", "Murat")
    changed = tmp_path / "changed.mp4"
    stamp = f"film · track v1 · {version.track_hash[:8]} · 2026-11-24 10:15 UTC · REVIEW"
    changed.write_bytes(bytes(5000) + stamp.encode() + bytes(5000))
    said = terjime(data, "identify", str(changed))
    assert "build (changed since, by its tag) of film.mp4" in said.stdout, said.stderr
    changed.write_bytes(bytes(5000))
    unknown = terjime(data, "identify", str(changed))
    assert unknown.returncode == 3
    assert "UNKNOWN_FILE" in unknown.stderr
