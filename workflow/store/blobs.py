"""Immutable files named by their SHA-256. A row in `blob` makes one visible; nothing lists a folder."""

from __future__ import annotations

import contextlib
import hashlib
import os
import uuid
from pathlib import Path

from workflow.errors import BadInput, NotFound, ToolFailed

_CHUNK = 1 << 20


class Blobs:
    """A local folder of blobs: ``aa/bb/<sha256>``, no extension (a playlist among them can name none)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._incoming = folder / "incoming"

    def path(self, sha256: str) -> Path:
        """Where the blob lies, or would lie."""
        if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef"):
            raise ValueError(f"not a SHA-256: {sha256!r}")
        return self.folder / sha256[:2] / sha256[2:4] / sha256

    def publish(self, file: Path, *, expected: str | None = None) -> tuple[str, int]:
        """Move a finished *file* of the same filesystem in. Returns its SHA-256 and size.

        expected    what its SHA-256 must be: otherwise BadInput HASH_MISMATCH, and nothing is moved

        On return the bytes and the name are on the disk, whatever happens to the power. A blob that is
        there already is kept, unless its size differs: then the new file replaces the damaged one.
        """
        digest = hashlib.sha256()
        with open(file, "rb") as opened:
            while chunk := opened.read(_CHUNK):
                digest.update(chunk)
            os.fsync(opened.fileno())
            size = os.fstat(opened.fileno()).st_size
        sha256 = digest.hexdigest()
        if expected not in (None, sha256):
            raise BadInput(
                "HASH_MISMATCH",
                "The file that arrived is not the one that was chosen.",
                advice="It may have changed while it was sent. Upload it again.",
            )
        target = self.path(sha256)
        if self.size(sha256) == size:
            file.unlink()
            return sha256, size
        target.parent.mkdir(parents=True, exist_ok=True)
        os.chmod(file, 0o440)
        os.rename(file, target)
        for folder in (target.parent, target.parent.parent, self.folder):
            _sync_folder(folder)
        return sha256, size

    def put_bytes(self, data: bytes) -> tuple[str, int]:
        """The same for *data* in memory."""
        sha256 = hashlib.sha256(data).hexdigest()
        if self.size(sha256) == len(data):
            return sha256, len(data)
        self._incoming.mkdir(parents=True, exist_ok=True)
        file = self._incoming / uuid.uuid4().hex
        try:
            file.write_bytes(data)
            return self.publish(file)
        except OSError:
            with contextlib.suppress(OSError):
                file.unlink(missing_ok=True)
            raise

    def unfinished(self) -> list[Path]:
        """Files on their way in. Those that have been there for long were left by a killed process."""
        return list(self._incoming.iterdir()) if self._incoming.exists() else []

    def size(self, sha256: str) -> int | None:
        """Bytes of the blob's file, None when there is none."""
        try:
            return self.path(sha256).stat().st_size
        except FileNotFoundError:
            return None

    def read(self, sha256: str) -> bytes:
        """The bytes, checked against their name. Raises NotFound BLOB_MISSING, ToolFailed BLOB_DAMAGED."""
        try:
            data = self.path(sha256).read_bytes()
        except FileNotFoundError as error:
            raise NotFound(
                "BLOB_MISSING",
                "A stored file is missing.",
                where=sha256[:12],
                advice="An operator can restore it from the backup.",
            ) from error
        if hashlib.sha256(data).hexdigest() != sha256:
            raise ToolFailed(
                "BLOB_DAMAGED",
                "A stored file is damaged.",
                where=sha256[:12],
                advice="An operator can restore it from the backup.",
            )
        return data

    def existing(self, sha256: str) -> Path:
        """The path of a blob that is there. Raises NotFound BLOB_MISSING."""
        if self.size(sha256) is None:
            raise NotFound(
                "BLOB_MISSING",
                "A stored file is missing.",
                where=sha256[:12],
                advice="An operator can restore it from the backup.",
            )
        return self.path(sha256)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
