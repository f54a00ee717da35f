"""The sound of takes and recordings: kept, read, heard and drawn."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from workflow.dub.sound import RATE, Samples, decoded, read_recording, stretch_of, write_wav
from workflow.errors import BadInput
from workflow.stages import show
from workflow.stages.films import file_view
from workflow.stages.views import FileView
from workflow.store.house import House
from workflow.store.tables import Recording, Take
from workflow.timebase import FLICKS_PER_SECOND, Flicks

PEAKS_PER_SECOND = 50
LONGEST_STRETCH = 600 * FLICKS_PER_SECOND  # of a recording, to hear or draw at once
WAV = "audio/wav"
_MEDIA_TYPES = {
    "wav": WAV,
    "flac": "audio/flac",
    "mp3": "audio/mpeg",
    "ogg": "audio/ogg",
    "aac": "audio/aac",
}


@dataclass(frozen=True)
class Peaks:
    """A wave to draw: lowest and highest of each stretch, -127 to 127; *start* is flicks of the first."""

    per_second: int
    points: list[int]
    start: int


def media_type(container: str) -> str:
    return _MEDIA_TYPES.get(container, "application/octet-stream")


@contextmanager
def scratch(house: House) -> Iterator[Path]:
    """A name for a file on the filesystem of the work, which is gone afterwards."""
    file = house.settings.work_dir / f"sound-{uuid.uuid4().hex}"
    try:
        yield file
    finally:
        file.unlink(missing_ok=True)


def publish_take(house: House, samples: Samples) -> tuple[str, int, str]:
    with scratch(house) as file:
        write_wav(file, samples)
        return (*house.blobs.publish(file), WAV)


def take_file(house: House, take_id: str) -> FileView:
    """The take's own sound. Raises NotFound."""
    with house.read() as session:
        take = show.row(session, Take, take_id)
        return file_view(session, take.sha256, f"{take.line_uid}.wav")


def take_samples(house: House, take_id: str) -> Samples:
    """The take, mono at 48 kHz. Raises NotFound."""
    with house.read() as session:
        sha256 = show.row(session, Take, take_id).sha256
    return read_recording(house.blobs.existing(sha256)).samples


def recording_file(house: House, recording_id: str) -> FileView:
    """The recording as it came. Raises NotFound."""
    with house.read() as session:
        row = show.row(session, Recording, recording_id)
        return file_view(session, row.sha256, row.name)


def recording_stretch(house: House, recording_id: str, start: Flicks, end: Flicks) -> Samples:
    """A stretch of it, mono at 48 kHz. Raises BadInput STRETCH."""
    with house.read() as session:
        row = show.row(session, Recording, recording_id)
        sha256, seconds = row.sha256, row.seconds
    if not 0 <= start < end or end - start > LONGEST_STRETCH:
        raise BadInput(
            "STRETCH",
            f"A stretch is from 0 to {seconds:.0f} s of the recording and at most ten minutes long.",
        )
    file = house.blobs.existing(sha256)
    return stretch_of(file, start / FLICKS_PER_SECOND, end / FLICKS_PER_SECOND)


def recording_peaks(
    house: House, recording_id: str, start: Flicks | None, end: Flicks | None
) -> Peaks:
    """The wave of a stretch; of the first ten minutes unless one is named."""
    first = start or 0
    last = first + LONGEST_STRETCH if end is None else min(end, first + LONGEST_STRETCH)
    return peaks_of(recording_stretch(house, recording_id, first, last), first)


def take_peaks(house: House, take_id: str) -> Peaks:
    with house.read() as session:
        sha256 = show.row(session, Take, take_id).sha256
    return peaks_of(read_take(house, sha256), 0)


def peaks_of(samples: Samples, start: Flicks) -> Peaks:
    step = RATE // PEAKS_PER_SECOND
    if not len(samples):
        return Peaks(PEAKS_PER_SECOND, [], start)
    edges = np.arange(0, len(samples), step)
    both = np.stack([np.minimum.reduceat(samples, edges), np.maximum.reduceat(samples, edges)], 1)
    points = np.clip(np.rint(both * 127), -127, 127).astype(int)
    return Peaks(PEAKS_PER_SECOND, points.ravel().tolist(), start)


def read_take(house: House, sha256: str) -> Samples:
    """A take's samples, mono at 48 kHz."""
    return whole_sound(house.blobs.existing(sha256))


def whole_sound(file: Path) -> Samples:
    blocks = list(decoded(file, channels=1))
    whole = np.concatenate(blocks)[:, 0] if blocks else np.zeros(0, np.float32)
    return np.ascontiguousarray(whole)
