"""Makes values and rows, so that a test shows only what matters to it."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from workflow import stages
from workflow.people import Action, Actor
from workflow.settings import Settings
from workflow.stages.drafts import new_uid
from workflow.stages.views import TrackView, VersionView
from workflow.store.house import House, remember_blob
from workflow.store.ledger import Claimed
from workflow.store.tables import Build, Film, FilmFile, Job, TrackVersion, new_id
from workflow.timebase import FLICKS_PER_SECOND, from_ms
from workflow.tracks.cues import Cue
from workflow.tracks.document import cues_from_request

#: Patience short enough to be tested, long enough for a busy machine.
QUICK = {
    "lease_seconds": 3.0,
    "heartbeat_seconds": 0.5,
    "sweep_seconds": 0.5,
}


def settings_in(folder: Path, **other: Any) -> Settings:
    return replace(
        Settings(
            data_dir=folder,
            database_url=f"sqlite:///{folder}/terjime.db",
            redis_url=f"redis+socket://{folder}/nobody-listens.sock",
            ffmpeg="",
            secret_key="a key for tests that nobody else knows",
            **QUICK,
        ),
        **other,
    )


def srt(*cues: tuple[float, float, str]) -> bytes:
    """A subtitle file of (start, end, text), seconds."""

    def stamp(seconds: float) -> str:
        ms = round(seconds * 1000)
        return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02},{ms % 1000:03}"

    blocks = [
        f"{number}\n{stamp(start)} --> {stamp(end)}\n{text}\n"
        for number, (start, end, text) in enumerate(cues, start=1)
    ]
    return "\n".join(blocks).encode()


def cue(start_ms: int, end_ms: int, text: str, uid: str = "") -> Cue:
    return Cue(uid or new_uid(), from_ms(start_ms), from_ms(end_ms), text)


THREE_CUES = srt(
    (0.5, 1.7, "Salam!"), (1.8, 3.0, "Ýagdaýlaryňyz nähili?"), (3.2, 5.0, "Sag boluň.")
)


@dataclass(frozen=True)
class Team:
    """A project with one person in each role."""

    house: House
    project_id: str
    producer_id: str
    translator_id: str
    reviewer_id: str

    @property
    def producer(self) -> Actor:
        return self.as_(self.producer_id)

    @property
    def translator(self) -> Actor:
        return self.as_(self.translator_id)

    @property
    def reviewer(self) -> Actor:
        return self.as_(self.reviewer_id)

    def as_(self, person_id: str) -> Actor:
        return stages.admit(self.house, person_id, Action.VIEW, "project", self.project_id).actor

    def add(self, name: str, *roles: str) -> Actor:
        """One more person, with these roles."""
        person = person_named(self.house, name)
        for role in roles:
            stages.add_member(
                self.house, self.producer, self.project_id, f"{name}@example.org", role
            )
        return self.as_(person)


def person_named(house: House, name: str, **fields: Any) -> str:
    return stages.create_person(
        house, email=f"{name}@example.org", name=name.title(), password_hash=None, **fields
    ).id


def team(house: House) -> Team:
    producer = person_named(house, "jeren", may_create_projects=True)
    project = stages.create_project(house, Actor(producer, may_create_projects=True), "Film")
    made = Team(
        house, project.id, producer, person_named(house, "ayna"), person_named(house, "murat")
    )
    for email, role in (("ayna", "translator"), ("murat", "reviewer")):
        stages.add_member(house, made.producer, project.id, f"{email}@example.org", role)
    return made


def ready_film(team: Team, *, seconds: int = 60, name: str = "film.mp4") -> str:
    """The rows of an ingested film of 25 frames a second; its files hold a few bytes each."""
    house = team.house
    film_id = new_id()
    files = {
        role: house.blobs.put_bytes(f"{role} {film_id}".encode())
        for role in ("original", "mezzanine", "proxy240", "poster", "sound", "peaks")
    }
    with house.write() as session:
        for sha256, size in files.values():
            remember_blob(session, sha256, size, "application/octet-stream")
        session.add(
            Film(
                id=film_id,
                project_id=team.project_id,
                name=name,
                original=files["original"][0],
                state="ready",
                facts={},
                rate_num=25,
                rate_den=1,
                frames=25 * seconds,
                width=320,
                height=240,
                has_sound=True,
                shots=[],
                created_by=team.producer_id,
            )
        )
        session.flush()
        for role, (sha256, _) in files.items():
            if role != "original":
                session.add(FilmFile(film_id=film_id, role=role, sha256=sha256))
    return film_id


def track_on(team: Team, film_id: str, data: bytes = THREE_CUES) -> TrackView:
    return stages.import_track(
        team.house, team.translator, film_id, data, name="tk.srt", language="tk"
    )


def edit(team: Team, track_id: str, actor: Actor | None = None, **texts: str) -> str:
    """Change the text of cues by number (`_2="…"`). Returns the new etag."""
    view = stages.draft(team.house, track_id)
    cues = list(cues_from_request(view.cues))
    for number, text in texts.items():
        index = int(number.removeprefix("_")) - 1
        cues[index] = replace(cues[index], text=text)
    saved, _ = stages.save_draft(
        team.house, actor or team.translator, track_id, view.etag, tuple(cues)
    )
    return saved.etag


def submitted(team: Team, track_id: str, **options: Any) -> VersionView:
    etag = stages.draft(team.house, track_id).etag
    return stages.submit(
        team.house, team.translator, track_id, etag=etag, acknowledge=True, **options
    )


def built(team: Team, version: VersionView) -> VersionView:
    """The version with its review build finished, as a worker would leave it; a few bytes for a film."""
    house = team.house
    sha256, size = house.blobs.put_bytes(f"build of {version.id}".encode())
    with house.write() as session:
        build = session.get_one(Build, version.builds[0].id)
        remember_blob(session, sha256, size, "video/mp4")
        build.output = sha256
        job = session.get_one(Job, build.job_id)
        job.state, job.progress_permille, job.output = "done", 1000, build.id
        row = session.get_one(TrackVersion, version.id)
        if row.state == "submitted":
            row.state = "in_review"
    return stages.review_view(house, version.id, team.reviewer).version


def verdict_on(
    team: Team,
    version: VersionView,
    verdict: str = "approved",
    *,
    actor: Actor | None = None,
    key: str = "",
    **other: Any,
) -> VersionView:
    """A verdict over exactly what is there, unless *other* says otherwise."""
    build = version.builds[0]
    with team.house.read() as session:
        row = session.get_one(TrackVersion, version.id)
        film = stages.track_view(team.house, row.track_id, team.reviewer).film
    given: dict[str, Any] = {
        "verdict": verdict,
        "reason": "" if verdict == "approved" else "Please mend it.",
        "track_hash": version.track_hash,
        "film_hash": film.hash,
        "recipe_hash": build.recipe_hash,
        "build_hash": build.build_hash or "",
        "watched_permille": 1000,
        "idempotency_key": key or secrets.token_hex(8),
    }
    return stages.give_verdict(team.house, actor or team.reviewer, version.id, **(given | other))


def approved(team: Team, track_id: str) -> VersionView:
    return verdict_on(team, built(team, submitted(team, track_id)))


def a_job(team: Team, *, key: str = "", kind: str = "align", queue: str = "fast") -> str:
    """A queued job that nothing in particular hangs on; its id."""
    from workflow.store import ledger

    with team.house.write() as session:
        job = ledger.create(
            session,
            kind=kind,
            queue=queue,
            key=[key or secrets.token_hex(8)],
            params={},
            subject=new_id(),
            project_id=team.project_id,
            created_by=team.producer_id,
        )
        return job.id


def claimed(team: Team, job_id: str, owner: str = "worker@here/1") -> Claimed:
    found = stages.claim(team.house, job_id, owner)
    assert found is not None
    return found


def sha256_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


SECOND = FLICKS_PER_SECOND
