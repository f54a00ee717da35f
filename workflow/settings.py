"""Every setting, read once at an entry point from ``TERJIME_*`` and passed on as a value."""

from __future__ import annotations

import hashlib
import os
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """Where things are and how patient the parts are with each other.

    data_dir               database (embedded), blobs, work folders, logs, sockets
    database_url           SQLAlchemy URL; SQLite in data_dir unless given
    redis_url              broker; the embedded server's private socket unless given
    ffmpeg                 path of the ffmpeg binary; empty: the wheel's
    secret_key             signs sessions and tokens; generated once into data_dir unless given
    lease_seconds          a job whose worker has not been heard for this long is taken over
    heartbeat_seconds      how often a worker says that it lives
    sweep_seconds          how often the sweeper looks
    stall_seconds          a job without progress for this long is stopped and tried again
    secure_cookies         true behind TLS; plain http is for localhost
    accel_redirect         true behind nginx: files are sent by X-Accel-Redirect
    blobs                  where films are kept: a folder, or s3://bucket/prefix?endpoint=…; empty: in data_dir
    s3_redirect            true: downloads are sent from S3 itself, by a link that lasts ten minutes
    cache                  folder for what was fetched from S3; empty: in data_dir
    cache_bytes            at most so much is kept there
    segment_cache_bytes    at most so much is kept of encoded parts of films, which save encoding them again
    least_free_bytes       with less free on the disk no render is begun; uploads are refused a little earlier
    """

    data_dir: Path
    database_url: str
    redis_url: str
    ffmpeg: str
    secret_key: str
    host: str = "127.0.0.1"
    port: int = 8000
    lease_seconds: float = 60
    heartbeat_seconds: float = 10
    sweep_seconds: float = 15
    stall_seconds: float = 180
    secure_cookies: bool = False
    accel_redirect: bool = False
    blobs: str = ""
    s3_redirect: bool = False
    cache: str = ""
    cache_bytes: int = 20 << 30
    segment_cache_bytes: int = 50 << 30
    least_free_bytes: int = 2 << 30

    @property
    def broker_socket(self) -> Path | None:
        """Socket of the embedded broker; None when a Redis elsewhere was given by URL."""
        prefix = "redis+socket://"
        path = Path(self.redis_url.removeprefix(prefix))
        return path if self.redis_url == f"{prefix}{_broker_socket(self.data_dir)}" else None

    @property
    def blob_dir(self) -> Path | None:
        """The folder of blobs; None when they are in S3."""
        if self.blobs.startswith("s3://"):
            return None
        return Path(self.blobs).absolute() if self.blobs else self.data_dir / "blobs"

    @property
    def cache_dir(self) -> Path:
        return Path(self.cache).absolute() if self.cache else self.data_dir / "cache"

    @property
    def work_dir(self) -> Path:
        """Best on the filesystem of the blobs: then publishing is a rename."""
        return self.data_dir / "work"

    @property
    def upload_dir(self) -> Path:
        return self.data_dir / "uploads"

    @classmethod
    def from_env(cls, data_dir: Path | None = None) -> Settings:
        """The settings of this process. *data_dir* (a command-line option) wins over TERJIME_DATA."""
        env = os.environ
        data = (data_dir or Path(env.get("TERJIME_DATA", "data"))).resolve()
        return cls(
            data_dir=data,
            database_url=env.get("TERJIME_DATABASE_URL") or f"sqlite:///{data}/terjime.db",
            redis_url=env.get("TERJIME_REDIS_URL") or f"redis+socket://{_broker_socket(data)}",
            ffmpeg=env.get("TERJIME_FFMPEG", ""),
            secret_key=env.get("TERJIME_SECRET_KEY") or _kept_secret(data / "secret.key"),
            host=env.get("TERJIME_HOST", cls.host),
            port=int(env.get("TERJIME_PORT", cls.port)),
            lease_seconds=float(env.get("TERJIME_LEASE_SECONDS", cls.lease_seconds)),
            heartbeat_seconds=float(env.get("TERJIME_HEARTBEAT_SECONDS", cls.heartbeat_seconds)),
            sweep_seconds=float(env.get("TERJIME_SWEEP_SECONDS", cls.sweep_seconds)),
            stall_seconds=float(env.get("TERJIME_STALL_SECONDS", cls.stall_seconds)),
            secure_cookies=_flag(env.get("TERJIME_SECURE_COOKIES", "")),
            accel_redirect=_flag(env.get("TERJIME_ACCEL_REDIRECT", "")),
            blobs=env.get("TERJIME_BLOBS", ""),
            s3_redirect=_flag(env.get("TERJIME_S3_REDIRECT", "")),
            cache=env.get("TERJIME_CACHE", ""),
            cache_bytes=int(env.get("TERJIME_CACHE_BYTES", cls.cache_bytes)),
            segment_cache_bytes=int(
                env.get("TERJIME_SEGMENT_CACHE_BYTES", cls.segment_cache_bytes)
            ),
            least_free_bytes=int(env.get("TERJIME_LEAST_FREE_BYTES", cls.least_free_bytes)),
        )


def _broker_socket(data_dir: Path) -> Path:
    """In the data folder; under a short private name when that path is too long for a socket (108 bytes)."""
    path = data_dir / "run" / "redis.sock"
    if len(os.fsencode(path)) < 100:
        return path
    name = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"terjime-{os.getuid()}-{name}" / "redis.sock"


def _flag(text: str) -> bool:
    return text.lower() in {"1", "true", "yes", "on"}


def _kept_secret(path: Path) -> str:
    """The secret of this installation; made on first use, readable by its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(descriptor, "w") as file:
        secret = secrets.token_urlsafe(48)
        file.write(secret)
    return secret
