"""The worker gives up on who never finishes, and on nobody else."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from gunicorn.http.errors import NoMoreData

from web import server
from web.server import PatientSocket


@pytest.fixture
def link() -> Iterator[tuple[PatientSocket, socket.socket]]:
    here, there = socket.socketpair()
    patient = PatientSocket(fileno=here.detach())
    yield patient, there
    patient.close()
    there.close()


def test_76_a_head_that_drips_has_one_deadline_for_all_its_bytes(
    link: tuple[PatientSocket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    patient, there = link
    monkeypatch.setattr(server, "HEAD_SECONDS", 0.05)
    there.sendall(b"GET / HT")
    patient.setblocking(True)  # as gunicorn does before it reads
    assert patient.recv(100) == b"GET / HT"
    with pytest.raises(NoMoreData):
        patient.recv(100)
    there.sendall(b"more")
    with pytest.raises(NoMoreData):  # the deadline is over, whatever comes after
        patient.recv(100) and patient.recv(100)


def test_76_a_body_that_pauses_too_long_is_given_up(
    link: tuple[PatientSocket, socket.socket],
) -> None:
    patient, there = link
    patient.wait_at_most(0.05)
    there.sendall(b"some")
    assert patient.recv(100) == b"some"
    with pytest.raises(TimeoutError):
        patient.recv(100)


def test_the_next_request_of_a_connection_has_its_own_deadline(
    link: tuple[PatientSocket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    patient, there = link
    monkeypatch.setattr(server, "HEAD_SECONDS", 0.0)
    with pytest.raises(NoMoreData):
        patient.recv(100)
    monkeypatch.setattr(server, "HEAD_SECONDS", 60.0)
    patient.expect_head()
    there.sendall(b"GET /")
    assert patient.recv(100) == b"GET /"
