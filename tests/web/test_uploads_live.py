"""Uploads against the real server as it runs: gunicorn, real sockets, a real client."""

from __future__ import annotations

import io
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import pytest
from tusclient.client import TusClient

from tests.web.conftest import add_person, add_project, settings_in, token_of
from tests.web.test_uploads import FILM
from web.app import create_app
from workflow.stages import film_file, upload_view
from workflow.store.house import House, open_house


def a_film(more: int = 0) -> bytes:
    """A film with 3 MB and *more* of picture that nobody decodes here; another one each time."""
    size = 3_000_000 + more
    return FILM[:40] + (size + 8).to_bytes(4, "big") + b"mdat" + os.urandom(size)


@dataclass
class Server:
    """gunicorn as `terjime up` starts it, on a port that it keeps over a restart."""

    house: House
    listener: socket.socket
    token: str
    project: str
    process: subprocess.Popen[bytes] | None = None

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    @property
    def upload_dir(self) -> Path:
        return self.house.settings.upload_dir

    def start(self) -> None:
        settings = self.house.settings
        env = os.environ | {
            "TERJIME_DATA": str(settings.data_dir),
            "TERJIME_SECRET_KEY": settings.secret_key,
            "TERJIME_REDIS_URL": f"redis+socket://{settings.data_dir}/no-broker.sock",
        }
        fd = self.listener.fileno()
        command = [sys.executable, "-m", "gunicorn", "-k", "web.server.Worker", "--threads", "8"]
        command += ["--bind", f"fd://{fd}", "--log-level", "warning", "web.wsgi:app"]
        self.process = subprocess.Popen(command, env=env, pass_fds=[fd], start_new_session=True)

    def kill(self) -> None:
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def client(self) -> TusClient:
        return TusClient(self.uploads, headers={"Authentication-Token": self.token})

    def stored(self, upload: str) -> bytes:
        """The film that an upload became, from the blob store."""
        film_id = upload_view(self.house, upload.rpartition("/")[2]).film_id
        assert film_id is not None
        return self.house.blobs.read(film_file(self.house, film_id, "original").sha256)

    @property
    def headers(self) -> dict[str, str]:
        return {"Authentication-Token": self.token, "Tus-Resumable": "1.0.0"}

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    @property
    def uploads(self) -> str:
        return self.url(f"/api/v1/projects/{self.project}/uploads")

    def ask(self, method: str, path: str, **headers: str) -> tuple[int, dict[str, str]]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(method, path, headers=self.headers | headers)
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer.status, dict(answer.getheaders())

    def begin(self, data: bytes) -> str:
        path = self.uploads.partition(str(self.port))[2]
        status, headers = self.ask("POST", path, **{"Upload-Length": str(len(data))})
        assert status == 201
        return headers["Location"]

    def offset(self, path: str) -> int:
        status, headers = self.ask("HEAD", path)
        assert status == 200
        return int(headers["Upload-Offset"])

    def half_a_patch(self, path: str, data: bytes, sent: int) -> socket.socket:
        """An open connection on which *sent* bytes of a PATCH with all of *data* went out."""
        link = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        lines = {
            "Host": "localhost",
            "Upload-Offset": "0",
            "Content-Type": "application/offset+octet-stream",
            "Content-Length": str(len(data)),
        } | self.headers
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        link.sendall(f"PATCH {path} HTTP/1.1\r\n{head}\r\n".encode() + data[:sent])
        return link

    def arrived(self, path: str, least: int) -> int:
        """Wait until the server has *least* bytes on its disk, without asking it (that would take over)."""
        file = self.upload_dir / path.rpartition("/")[2]
        deadline = time.monotonic() + 30
        while file.stat().st_size < least:
            assert time.monotonic() < deadline, f"{file.stat().st_size} of {least} bytes arrived"
            time.sleep(0.01)
        return file.stat().st_size


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for these tests: starting it is most of their time."""
    house = open_house(settings_in(tmp_path_factory.mktemp("live")))
    who = add_person(house, "merdan")
    project = add_project(house, who)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        live = Server(house, listener, token_of(create_app(house.settings, house), who), project)
        live.start()
        yield live
        live.kill()
    house.close()


def test_tuspy_sends_a_film_in_checksummed_chunks_and_resumes_after_a_stop(server: Server) -> None:
    film = a_film()
    first = server.client().uploader(
        file_stream=io.BytesIO(film), chunk_size=1 << 20, upload_checksum=True
    )
    first.upload(stop_at=1 << 20)
    assert first.offset == 1 << 20
    again = server.client().uploader(
        file_stream=io.BytesIO(film), url=first.url, chunk_size=700_000, upload_checksum=True
    )
    assert again.offset == 1 << 20
    again.upload()
    assert server.stored(first.url) == film


def test_f14_a_reset_connection_keeps_what_came_and_the_rest_follows(server: Server) -> None:
    film = a_film()
    path = server.begin(film)
    link = server.half_a_patch(path, film, 1_100_000)
    server.arrived(path, 1_000_000)
    link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # RST, no goodbye
    link.close()
    assert 1_000_000 <= server.offset(path) <= 1_100_000
    server.client().uploader(file_stream=io.BytesIO(film), url=server.url(path)).upload()
    assert server.stored(path) == film


def test_a_client_that_comes_back_over_a_dead_link_is_not_told_to_wait(server: Server) -> None:
    """tus/tusd#234: HEAD was answered 423 while the server waited for the dead link; clients began anew."""
    film = a_film()
    path = server.begin(film)
    dead = server.half_a_patch(path, film, 500_000)  # and then silence
    arrived = server.arrived(path, 480_000)
    assert arrived <= server.offset(path) <= 500_000
    dead.settimeout(30)
    assert b" 204 " in dead.recv(4096)
    dead.close()
    status, _ = server.ask("DELETE", path)
    assert status == 204


def test_after_sigkill_of_the_server_an_upload_goes_on_from_what_was_safe(server: Server) -> None:
    film = a_film(more=9 << 20)
    path = server.begin(film)
    with server.half_a_patch(path, film, 9 << 20):
        server.arrived(path, (9 << 20) - 20_000)
        server.kill()
    server.start()
    assert server.offset(path) >= 8 << 20
    server.client().uploader(file_stream=io.BytesIO(film), url=server.url(path)).upload()
    assert server.stored(path) == film
