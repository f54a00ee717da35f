"""The sample project: a short film, its English subtitles, and Turkmen ones that nobody has aligned yet."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from workflow import stages
from workflow.people import Action, Actor, Role
from workflow.store.house import House
from workflow.store.passwords import hash_password

SAMPLE_TITLE = "You have rights (sample)"
SAMPLE_PEOPLE: dict[str, tuple[str, Role]] = {
    "translator@terjime.example": ("Aýna", Role.TRANSLATOR),
    "reviewer@terjime.example": ("Murat", Role.REVIEWER),
    "producer@terjime.example": ("Jeren", Role.PRODUCER),
}


def sample_file(name: str) -> Path:
    """A file of samples/ in the checkout."""
    return Path(str(resources.files("workflow"))).parent / "samples" / name


def make_people(house: House, passwords: dict[str, str]) -> dict[Role, str]:
    """The three people of the sample; returns their ids by role."""
    ids = {}
    for email, (name, role) in SAMPLE_PEOPLE.items():
        person = stages.create_person(
            house,
            email=email,
            name=name,
            password_hash=hash_password(passwords[email]),
            may_create_projects=role is Role.PRODUCER,
        )
        ids[role] = person.id
    return ids


def make_sample(house: House, passwords: dict[str, str]) -> str:
    """People, project, film and tracks, by the same stages that the pages call; returns the project's id."""
    ids = make_people(house, passwords)
    producer = Actor(ids[Role.PRODUCER], may_create_projects=True)
    project = stages.create_project(house, producer, SAMPLE_TITLE)
    producer = stages.admit(
        house, producer.user_id, Action.MANAGE_PROJECT, "project", project.id
    ).actor
    for email, (_, role) in SAMPLE_PEOPLE.items():
        if role is not Role.PRODUCER:
            stages.add_member(house, producer, project.id, email, role)
    film = stages.add_film_file(
        house, producer, project.id, sample_file("rights.mp4"), "rights.mp4"
    )
    translator = stages.admit(
        house, ids[Role.TRANSLATOR], Action.EDIT_TRACK, "project", project.id
    ).actor
    for name, language, kind, title in (
        ("rights.en.srt", "en", "reference", "English, as spoken"),
        ("rights.tk.unaligned.srt", "tk", "subtitle", "Turkmen"),
    ):
        data = sample_file(name).read_bytes()
        stages.import_track(
            house, translator, film.id, data, name=name, language=language, kind=kind, title=title
        )
    return project.id
