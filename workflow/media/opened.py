"""A media file opened by libav, which gets its bytes and no way to any other file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import av

from workflow.media.container import open_regular
from workflow.media.ffmpeg import DEMUXERS, INPUT_LIMITS


@contextmanager
def opened(path: Path, container: str) -> Iterator[Any]:
    """The file as *container*; libav gets an open file and no way to open another one."""
    with (
        open_regular(path) as file,
        av.open(
            file,
            format=DEMUXERS[container],
            options={**INPUT_LIMITS, "format_whitelist": DEMUXERS[container]},
            metadata_errors="replace",
            buffer_size=1 << 20,
            io_open=_refuse_to_open,
        ) as media,
    ):
        yield media


def _refuse_to_open(url: str, flags: int, options: dict[str, str]) -> NoReturn:
    raise av.PermissionError(1, "a media file may not name other files")
