"""A real S3 server (`rclone serve s3` over a folder), which can be stopped, killed and started again."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.processes import wait_until

KEYS = {"AWS_ACCESS_KEY_ID": "terjime", "AWS_SECRET_ACCESS_KEY": "a secret for tests"}
BUCKET = "films"


@dataclass
class S3Server:
    """The bucket's objects are files of *folder*, to be looked at; the server remembers their sizes."""

    folder: Path
    port: int = 0
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def url(self, prefix: str) -> str:
        return f"s3://{BUCKET}/{prefix}?endpoint={self.endpoint}"

    def object(self, prefix: str, sha256: str) -> Path:
        return self.folder / BUCKET / prefix / "sha256" / sha256

    def start(self) -> None:
        (self.folder / BUCKET).mkdir(parents=True, exist_ok=True)
        self.port = self.port or _free_port()
        rclone = Path(sys.executable).parent / "rclone"
        key = f"{KEYS['AWS_ACCESS_KEY_ID']},{KEYS['AWS_SECRET_ACCESS_KEY']}"
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *(rclone, "serve", "s3", "--config", os.devnull, "--auth-key", key),
                    *("--addr", f"127.0.0.1:{self.port}", "--vfs-cache-mode", "off"),
                    self.folder,
                ],
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        wait_until(self._answers, what="the S3 server")

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        self.process = None

    def _answers(self) -> bool:
        try:
            return httpx.get(self.endpoint, timeout=2).status_code > 0
        except httpx.TransportError:
            return False


@contextmanager
def s3_server(folder: Path) -> Iterator[S3Server]:
    server = S3Server(folder)
    server.start()
    try:
        yield server
    finally:
        if server.process is not None:
            server.kill()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
