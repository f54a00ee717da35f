"""A package over real HTTP: cut, gone on with, and the same to the last byte; asked for by range and by rights."""

from __future__ import annotations

import hashlib
import io
import subprocess
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

import pytest
from sqlalchemy import select
from werkzeug.serving import make_server

from tests.builders import Team
from tests.stages.finished import approved_version, finished
from tests.web.conftest import Somebody, token_of
from web.app import create_app
from workflow import stages
from workflow.settings import Settings
from workflow.store.house import House
from workflow.store.tables import Audit


@dataclass
class Shelf:
    house: House
    path: str
    sha256: str
    size: int
    port: int
    tokens: dict[str, str]

    def ask(
        self, who: str = "jeren", method: str = "GET", **headers: str
    ) -> tuple[HTTPConnection, HTTPResponse]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        said = {name.replace("_", "-"): value for name, value in headers.items()}
        if who:
            said["Authentication-Token"] = self.tokens[who]
        connection.request(method, self.path, headers=said)
        return connection, connection.getresponse()

    def get(
        self, who: str = "jeren", method: str = "GET", **headers: str
    ) -> tuple[HTTPResponse, bytes]:
        connection, answer = self.ask(who, method, **headers)
        data = answer.read()
        connection.close()
        return answer, data


@pytest.fixture
def shelf(house: House, settings: Settings, people: Team, film_file: Path) -> Iterator[Shelf]:
    version = approved_version(people)
    finished(people, version, film_file)
    package = stages.start_package(house, people.producer, version.id, "delivery")
    stages.run_waiting(house)
    made = stages.package_view(house, package.id)
    app = create_app(settings, house)
    tokens = {
        name: token_of(app, Somebody("", f"{name}@example.org"))
        for name in ("jeren", "ayna", "murat")
    }
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Shelf(
        house,
        f"/api/v1/packages/{package.id}/file",
        made.sha256 or "",
        made.size or 0,
        server.port,
        tokens,
    )
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_whole_archive_is_what_was_promised(shelf: Shelf, tmp_path: Path) -> None:
    head, nothing = shelf.get(method="HEAD")
    assert (head.status, nothing) == (200, b"")
    answer, data = shelf.get()
    for said in (head, answer):
        assert said.headers["Content-Length"] == str(shelf.size)
        assert said.headers["ETag"] == f'"{shelf.sha256}"'
        assert said.headers["Accept-Ranges"] == "bytes"
        assert said.headers["Content-Type"] == "application/zip"
        assert 'filename="film.tk.v1.zip"' in said.headers["Content-Disposition"]
    assert hashlib.sha256(data).hexdigest() == shelf.sha256
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        archive.extractall(tmp_path)
    subprocess.run(
        ["sha256sum", "--strict", "-c", "SHA256SUMS"], cwd=tmp_path / "film.tk.v1", check=True
    )


def test_a_download_that_broke_goes_on_where_it_stopped(shelf: Shelf) -> None:
    connection, answer = shelf.ask()
    etag = answer.headers["ETag"]
    got = answer.read(shelf.size // 3)
    connection.close()  # the line is cut in the middle of the film
    while len(got) < shelf.size:
        connection, answer = shelf.ask(Range=f"bytes={len(got)}-", If_Range=etag)
        assert answer.status == 206
        assert answer.headers["Content-Range"] == f"bytes {len(got)}-{shelf.size - 1}/{shelf.size}"
        got += answer.read(shelf.size // 4)
        connection.close()
    assert hashlib.sha256(got).hexdigest() == shelf.sha256


def test_ranges_that_changed_files_and_that_make_no_sense(shelf: Shelf) -> None:
    _, whole = shelf.get()
    for header, start, end in (
        ("bytes=0-0", 0, 1),
        ("bytes=-22", shelf.size - 22, shelf.size),
        ("bytes=31-60000", 31, 60001),
    ):
        answer, data = shelf.get(Range=header)
        assert (answer.status, data) == (206, whole[start:end])
    answer, data = shelf.get(Range="bytes=5-", If_Range='"another"')
    assert (answer.status, data) == (200, whole)
    answer, _ = shelf.get(Range=f"bytes={shelf.size}-")
    assert (answer.status, answer.headers["Content-Range"]) == (416, f"bytes */{shelf.size}")
    answer, _ = shelf.get(If_None_Match=f'"{shelf.sha256}"')
    assert answer.status == 304


def test_who_may_not_download_is_refused_and_who_did_is_in_the_audit(shelf: Shelf) -> None:
    assert shelf.get("ayna")[0].status == 403
    assert shelf.get("murat", Range="bytes=0-9")[0].status == 403
    assert shelf.get("")[0].status == 401
    shelf.get()
    with shelf.house.read() as session:
        rows = session.scalars(select(Audit).where(Audit.action == "media.download")).all()
    assert [(row.object_kind, row.details["sha256"]) for row in rows] == [("package", shelf.sha256)]
