"""A film that a worker takes in, with a gate in front of ffmpeg."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import imageio_ffmpeg
import psutil
import pytest

from tests.builders import Team, team
from tests.processes import Broker, Workers, wait_until
from workflow import stages
from workflow.settings import Settings
from workflow.stages.views import FilmView, JobView
from workflow.store.house import House, open_house


@dataclass(frozen=True)
class Gate:
    """A stand-in for ffmpeg: waits until the gate is open, then becomes the real one.

    While the gate is *deadly* it kills the process that started it instead.
    """

    folder: Path

    @property
    def program(self) -> Path:
        return self.folder / "ffmpeg"

    def build(self) -> None:
        self.program.write_text(
            "#!/bin/sh\n"
            f"touch {self.folder}/reached\n"
            f"[ -e {self.folder}/deadly ] && kill -9 $PPID\n"
            f"while [ ! -e {self.folder}/open ]; do sleep 0.05; done\n"
            f'exec {imageio_ffmpeg.get_ffmpeg_exe()} "$@"\n'
        )
        self.program.chmod(0o755)

    def open(self) -> None:
        (self.folder / "open").touch()

    def deadly(self, yes: bool) -> None:
        if yes:
            (self.folder / "deadly").touch()
        else:
            (self.folder / "deadly").unlink()

    def processes(self) -> list[psutil.Process]:
        """Whatever runs behind this gate."""
        found = []
        for process in psutil.process_iter(["cmdline"]):
            if str(self.program) in (process.info["cmdline"] or []):
                found.append(process)
        return found


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    made = Gate(tmp_path / "gate")
    made.folder.mkdir()
    made.build()
    return made


@pytest.fixture
def settings(settings: Settings, gate: Gate) -> Settings:
    return replace(settings, ffmpeg=str(gate.program))


@dataclass(frozen=True)
class Site:
    """Everything on one machine."""

    people: Team
    broker: Broker
    workers: Workers
    gate: Gate
    film_file: Path

    @property
    def house(self) -> House:
        return self.people.house

    def add_film(self, name: str = "film.mp4") -> FilmView:
        """A film whose ingest waits in the outbox."""
        return stages.add_film_file(
            self.house, self.people.producer, self.people.project_id, self.film_file, name
        )

    def job(self, film: FilmView) -> JobView:
        (job,) = [
            job
            for job in stages.jobs_of_project(self.house, self.people.project_id)
            if film.job and job.id == film.job.id
        ]
        return job

    def wait_for(self, film: FilmView, state: str, attempt: int | None = None) -> JobView:
        def there() -> JobView | None:
            job = self.job(film)
            fits = job.state == state and attempt in (None, job.attempt)
            return job if fits else None

        found: JobView = wait_until(there, what=f"{state}, attempt {attempt}: {self.job(film)}")
        return found

    def wait_at_the_gate(self, film: FilmView, attempt: int = 1) -> JobView:
        """The job runs and stands before ffmpeg."""
        job = self.wait_for(film, "running", attempt)
        wait_until((self.gate.folder / "reached").exists, what="ffmpeg was started")
        (self.gate.folder / "reached").unlink()
        return job

    def pool_process(self, film: FilmView) -> int:
        """Pid of the process that has the job."""
        from workflow.store.tables import Job

        with self.house.read() as session:
            owner = session.get_one(Job, film.job.id if film.job else "").lease_owner
        return int((owner or "").rpartition("/")[2])

    def mezzanine(self, film: FilmView) -> str:
        return stages.film_file(self.house, film.id, "mezzanine").sha256


@pytest.fixture
def site(
    people: Team, redis_server: Broker, celery_workers: Workers, gate: Gate, film_file: Path
) -> Site:
    """A sweeper runs; workers are started by the test."""
    celery_workers.start_sweeper()
    return Site(people, redis_server, celery_workers, gate, film_file)


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, film_file: Path) -> Iterator[str]:
    """SHA-256 of the working copy that an ingest makes when nothing happens to it."""
    from tests.builders import settings_in

    house = open_house(settings_in(tmp_path_factory.mktemp("undisturbed")))
    people = team(house)
    film = stages.add_film_file(house, people.producer, people.project_id, film_file, "film.mp4")
    stages.run_waiting(house)
    yield stages.film_file(house, film.id, "mezzanine").sha256
    house.close()
