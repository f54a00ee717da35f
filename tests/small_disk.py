"""A disk that can be full."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A filesystem of 4 MB at *folder*, which is made."""
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], check=False
    )
    if mounted.returncode:  # CI is root and runs it; a full disk has no other honest stand-in
        pytest.skip("only root mounts a small disk")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)
