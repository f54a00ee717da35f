"""A real server with a worker beside it, a house with something in every state, and people in a real Chromium."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from playwright.sync_api import Browser, BrowserContext, Page
from sqlalchemy import select
from werkzeug.serving import make_server

from tests.builders import Team, edit, settings_in, srt, submitted, team
from web.app import create_app
from workflow import stages
from workflow.people import Actor
from workflow.store.house import House, open_house
from workflow.store.tables import Job, Person

CHECKOUT = Path(__file__).parents[2]
ARTEFACTS = CHECKOUT / "tests" / "artefacts" / "pages"
PASSWORD = "correct horse battery"
#: The cheapest argon2 there is: what is proven here does not need the work.
HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)

TEXTS = (
    (0.2, 0.8, "Salam!"),
    (0.9, 1.4, "Ýagdaýlaryňyz nähili?"),
    (1.5, 1.96, "Sag boluň."),
)
#: Twenty cues, no two alike in length and gap, as an alignment needs them.
SPOKEN = tuple(
    (i * 0.095 + (i * i % 7) * 0.004, i * 0.095 + 0.05 + (i * 5 % 11) * 0.002, f"Söz {i}")
    for i in range(20)
)


@dataclass(frozen=True)
class World:
    """A house with a film of two seconds; each track stands at another station of its journey."""

    house: House
    team: Team
    film: str
    draft: str  # a track that is being edited
    proposal: str  # of another track
    long_track: str  # 2,000 cues
    review_track: str
    old_version: str  # approved, and stale since
    new_version: str  # waits for a verdict, its build is ready
    approved_track: str  # rendered
    address: str

    def track(self, title: str, *cues: tuple[float, float, str]) -> str:
        """One more track, for a test that changes it."""
        return stages.import_track(
            self.house,
            self.team.translator,
            self.film,
            srt(*(cues or TEXTS)),
            name="tk.srt",
            language="tk",
            title=title,
        ).summary.id

    def texts(self, track_id: str) -> list[str]:
        """What the server holds."""
        return [cue["text"] for cue in stages.draft(self.house, track_id).cues]

    def edit(self, track_id: str, **texts: str) -> None:
        """Somebody else's edit, saved."""
        edit(self.team, track_id, **texts)


def run_jobs(house: House) -> None:
    """Do what waits, as a worker does."""
    with house.read() as session:
        waiting = list(session.scalars(select(Job.id).where(Job.state == "queued")))
    for job_id in waiting:
        if claimed := stages.claim(house, job_id, "worker@tests/1"):
            stages.run(house, claimed)


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory, film_file: Path) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("browser")
    settings = settings_in(folder)
    house = open_house(settings)
    people = team(house)
    stages.create_person(
        house, email="admin@example.org", name="Admin", password_hash=None, is_admin=True
    )
    with house.write() as session:
        for person in session.scalars(select(Person)):
            person.password = HASH
    film = stages.add_film_file(house, people.producer, people.project_id, film_file, "film.mp4")
    run_jobs(house)
    app = _closed_before_the_rest_is_read(create_app(settings, house))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    over = threading.Event()

    def work() -> None:
        while not over.wait(0.2):
            run_jobs(house)

    made = _fill(house, people, film.id, f"http://127.0.0.1:{server.port}")
    threads = [threading.Thread(target=server.serve_forever), threading.Thread(target=work)]
    for thread in threads:
        thread.start()
    yield made
    over.set()
    server.shutdown()
    for thread in threads:
        thread.join()
    server.server_close()
    house.close()


def _closed_before_the_rest_is_read(app: Any) -> Any:
    """An answer's file is closed as soon as the answer is out.

    Werkzeug closes it after it has read what the browser may still send, and not at all where the browser is gone
    by then; then the file's warning fails whichever test runs.
    """

    def serve(environ: Any, start_response: Any) -> Iterator[bytes]:
        with closing(app(environ, start_response)) as answer:
            yield from answer

    return serve


def _fill(house: House, people: Team, film: str, address: str) -> World:
    def put(data: bytes, title: str, actor: Actor = people.translator, **kind: str) -> str:
        return stages.import_track(
            house,
            actor,
            film,
            data,
            name=f"{title}.srt",
            title=title,
            **({"language": "tk"} | kind),
        ).summary.id

    reference = put(srt(*SPOKEN), "As spoken", language="en", kind="reference")
    late = ((start + 3, end + 3, text) for start, end, text in SPOKEN)
    to_align = put(srt(*late), "To align")
    stages.start_alignment(
        house, people.translator, to_align, reference_track=reference, speech=False
    )
    run_jobs(house)
    proposal = stages.track_view(house, to_align, people.translator).proposal
    assert proposal is not None
    long_track = put(srt(*((i * 3, i * 3 + 2.4, f"Setir {i + 1}") for i in range(2000))), "Long")

    in_review = put(srt(*TEXTS), "In review")
    first = _approved(house, people, in_review)
    stages.add_comment(house, people.reviewer, first, text="Bu ýerde näme?", frame=8)
    edit(people, in_review, _2="Ýagdaýyňyz nähili?")
    newer = submitted(people, in_review, note="Bir söz düzedildi.")
    run_jobs(house)

    done = put(srt(*TEXTS), "Approved")
    stages.start_render(house, people.producer, _approved(house, people, done), None)
    run_jobs(house)
    return World(
        house=house,
        team=people,
        film=film,
        draft=put(srt(*TEXTS), "Draft"),
        proposal=proposal.id,
        long_track=long_track,
        review_track=in_review,
        old_version=first,
        new_version=newer.id,
        approved_track=done,
        address=address,
    )


def _approved(house: House, people: Team, track_id: str) -> str:
    """A version with a real build, approved over exactly that."""
    version = submitted(people, track_id)
    run_jobs(house)
    view = stages.review_view(house, version.id, people.reviewer)
    build = view.version.builds[0]
    stages.give_verdict(
        house,
        people.reviewer,
        version.id,
        verdict="approved",
        reason="",
        track_hash=version.track_hash,
        film_hash=view.film.hash,
        recipe_hash=build.recipe_hash,
        build_hash=build.build_hash or "",
        watched_permille=1000,
        idempotency_key=f"seed {version.id}",
    )
    return version.id


SignIn = Callable[..., Page]


@pytest.fixture(scope="session")
def _sessions() -> dict[str, Any]:
    """Who has signed in already: the door is tested once, not before every test."""
    return {}


@pytest.fixture
def as_person(browser: Browser, world: World, _sessions: dict[str, Any]) -> Iterator[SignIn]:
    """Opens a page for somebody: `as_person("ayna")`, `as_person("")` for nobody, with options of a context."""
    opened: list[BrowserContext] = []

    def sign_in(name: str, **options: Any) -> Page:
        options = {"viewport": {"width": 1280, "height": 800}, "base_url": world.address} | options
        context = browser.new_context(storage_state=_sessions.get(name), **options)
        opened.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        if name and name not in _sessions:
            page.goto("/sign-in")
            page.fill("#email", f"{name}@example.org")
            page.fill("#password", PASSWORD)
            page.click("button.primary")
            page.wait_for_url("**/")
            _sessions[name] = context.storage_state()
        return page

    yield sign_in
    for context in opened:
        context.close()


@pytest.fixture
def desk(as_person: SignIn) -> Callable[[str], Page]:
    """Opens a track's desk for the translator, ready to be worked at."""

    def open_desk(track_id: str, page: Page | None = None, **options: Any) -> Page:
        page = page or as_person("ayna", **options)
        page.goto(f"/tracks/{track_id}")
        page.wait_for_selector(".desk[data-ready]")
        return page

    return open_desk
