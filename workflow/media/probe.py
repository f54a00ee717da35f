"""What a film or a recording holds, found out by a process of its own.

Decoders have holes, and a file made for one of them should cost an answer and
not the worker: the examination (examine.py) runs apart, with little memory and
time, and hands over plain JSON. A file on which it dies is refused.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from workflow.errors import BadInput, ToolFailed
from workflow.media.container import open_regular
from workflow.media.examine import Examined, Picture, Sound
from workflow.media.facts import MediaFacts
from workflow.media.process import GIB, Limits, python_environment, run_confined
from workflow.progress import Watch, unwatched

__all__ = ["Examined", "Picture", "Sound", "examine", "film_facts", "probe", "probe_film"]

#: An hour of film takes a few seconds; what takes a minute and a half was made to.
_LIMITS = Limits(memory_bytes=GIB, cpu_seconds=90)
_STALL_SECONDS = 90.0
_NAME_CHARACTERS = 1000


def probe(path: Path, *, name: str = "", watch: Watch = unwatched) -> MediaFacts:
    """What the file at *path* holds; the streams that are used come first.

    name   what its owner calls it

    Raises BadInput: what `sniff` raises, NO_STREAMS, UNREADABLE, CODEC_UNSUPPORTED, ENCRYPTED,
    TOO_LARGE_PICTURE, TOO_SMALL_PICTURE, BAD_DURATION, BAD_FRAME_RATE, TOO_MANY_STREAMS, BAD_SOUND;
    OSError if there is no such file; never an error of libav.
    """
    return examine(path, name=name, watch=watch).facts


def probe_film(path: Path, *, name: str = "", watch: Watch = unwatched) -> MediaFacts:
    """The same of a file that must have a picture; raises BadInput NO_VIDEO if it has none."""
    return film_facts(examine(path, name=name, watch=watch))


def film_facts(examined: Examined) -> MediaFacts:
    """What is known of a film; raises BadInput NO_VIDEO if it has no picture."""
    if examined.picture is None:
        raise BadInput(
            "NO_VIDEO",
            "The file has sound but no picture.",
            advice="Upload it as dub audio, or choose the film.",
        )
    return examined.facts


def examine(
    path: Path,
    *,
    name: str = "",
    language: str = "",
    sound: int | None = None,
    watch: Watch = unwatched,
) -> Examined:
    """What `probe` tells, with the measures that ingest needs beside it. Raises as `probe` does.

    language  BCP 47; of several sounds one in this language is used
    sound     number of the sound that somebody chose, from 0: goes before all else
    """
    open_regular(path).close()  # an unreadable or missing file is the caller's own trouble
    permille, answer = 0, b""

    def hear(key: bytes, value: bytes) -> None:
        nonlocal permille, answer
        if key == b"read":
            permille = int(value)
        elif key == b"answer":
            answer = value

    question = {
        "path": str(path.absolute()),
        "name": name[-_NAME_CHARACTERS:],
        "language": language,
        "sound": sound,
    }
    try:
        ended = run_confined(
            [sys.executable, "-m", "workflow.media.examine"],
            limits=_LIMITS,
            stall_seconds=_STALL_SECONDS,
            hear=hear,
            look=lambda: watch(permille, "Reading the file"),
            given=json.dumps(question).encode(),
            environment=python_environment(),
        )
    except ToolFailed as stalled:
        raise _gave_up("It could not be read in a reasonable time.", stalled.details) from stalled
    if ended.status or not answer:
        raise _gave_up("Reading it broke off.", {"status": ended.status, "said": ended.said})
    told = json.loads(answer)
    if refusal := told.get("refused"):
        raise BadInput(**refusal)
    watch(1000, "Reading the file")
    return Examined.from_json(told["examined"])


def _gave_up(how: str, details: dict[str, object]) -> BadInput:
    return BadInput(
        "UNREADABLE",
        f"The file is damaged or was made to be hard to read. {how}",
        advice="Check that it plays on your own machine; if it does, export it again as MP4.",
        details=details,
    )
