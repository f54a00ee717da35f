"""Opening an upload to copy packets from it: as what it was found to be, and no other file with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import av
import av.stream

from workflow.errors import BadInput
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


def chosen_picture(media: Any) -> Any | None:
    """The stream that ingest made the mezzanine from: the largest moving picture, never a cover."""
    pictures = [
        stream
        for stream in media.streams.video
        if av.stream.Disposition.attached_pic not in stream.disposition and stream.codec_context
    ]
    return max(pictures, key=_pixels, default=None)


def chosen_sound(media: Any, number: int | None = None) -> Any | None:
    """The sound at *number*, from 0; None: the one that ingest took, the default one, else the first.

    Raises BadInput SOUND_NUMBER if there is none at *number*.
    """
    sounds = [stream for stream in media.streams.audio if stream.codec_context is not None]
    if number is not None:
        if number >= len(sounds):
            raise BadInput(
                "SOUND_NUMBER",
                f"The film has no sound number {number}: it has {len(sounds)}.",
                where="sound",
                advice="They are counted from 0; leave it out for the one that the film plays.",
            )
        return sounds[number]
    wanted = [s for s in sounds if av.stream.Disposition.default in s.disposition]
    return next(iter(wanted or sounds), None)


def _pixels(stream: Any) -> tuple[int, int]:
    # Of two of a size the first, as in ingest.
    return (stream.width or 0) * (stream.height or 0), -stream.index


def _refuse_other_files(url: str, flags: int, options: dict[str, str]) -> NoReturn:
    raise av.PermissionError(1, "a media file may not name other files")
