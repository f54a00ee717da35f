"""gunicorn's threaded worker with an end to its patience.

A request holds one of 32 threads from its first byte. gunicorn waits without
end for the rest of a header, so 32 clients that send a byte now and then would
close the house. Here a header has 30 seconds in all, and a body or an answer
may pause 60 seconds (uploads 120), which `security` sets for each request.
"""

from __future__ import annotations

import socket
import time
from typing import Any

from gunicorn.http.errors import NoMoreData
from gunicorn.workers.gthread import ThreadWorker

HEAD_SECONDS = 30.0


class PatientSocket(socket.socket):
    """A connection that reads heads with a deadline, and then with the patience it is told."""

    _head_until: float | None = None
    _idle: float | None = None

    def expect_head(self) -> None:
        """A new request begins."""
        self._head_until = self._idle = None

    def wait_at_most(self, seconds: float) -> None:
        """The head is read; from here on a pause of *seconds* is the end."""
        self._idle = seconds
        self.settimeout(seconds)

    def recv(self, size: int, flags: int = 0) -> bytes:
        if self._idle is not None:
            return super().recv(size, flags)
        now = time.monotonic()
        if self._head_until is None:
            self._head_until = now + HEAD_SECONDS
        try:
            self.settimeout(max(self._head_until - now, 0.001))
            return super().recv(size, flags)
        except TimeoutError:
            raise NoMoreData from None  # gunicorn then closes without a word


class Worker(ThreadWorker):  # type: ignore[misc]
    """`gunicorn -k web.server.Worker`"""

    def enqueue_req(self, conn: Any) -> None:
        if not isinstance(conn.sock, PatientSocket):
            conn.sock = PatientSocket(fileno=conn.sock.detach())
        conn.sock.expect_head()
        super().enqueue_req(conn)
