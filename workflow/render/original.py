"""Opening an upload to copy packets from it: as what it was found to be, and no other file with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import av

from workflow.media.container import open_regular, sniff
from workflow.media.ffmpeg import input_options


@contextmanager
def open_original(path: Path) -> Iterator[Any]:
    """A PyAV container. Raises BadInput as `sniff` does, and av.FFmpegError."""
    options = input_options(sniff(path))
    demuxer = options.pop("f")
    with (
        open_regular(path) as file,
        av.open(
            file,
            format=demuxer,
            options=options,
            metadata_errors="replace",
            buffer_size=1 << 20,
            io_open=_refuse_other_files,
        ) as media,
    ):
        yield media


def _refuse_other_files(url: str, flags: int, options: dict[str, str]) -> NoReturn:
    raise av.PermissionError(1, "a media file may not name other files")
