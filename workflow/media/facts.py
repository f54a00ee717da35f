"""What is known of a media file: values only, no PyAV, no ffmpeg."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from fractions import Fraction
from typing import Any

from workflow.timebase import Flicks, FrameGrid


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream of a file. Fields that do not apply to its type are None."""

    type: str  # "video" | "audio" | "subtitle" | "data"
    codec: str
    width: int | None = None
    height: int | None = None
    frame_rate: Fraction | None = None  # average, exact
    frames: int | None = None
    rotation: int | None = None  # degrees clockwise: 0, 90, 180, 270
    sample_rate: int | None = None
    channels: int | None = None
    language: str | None = None
    index: int | None = None  # in the file, from 0
    title: str | None = None  # what its maker called it: "Commentary"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a person should know about a file that was accepted all the same.

    values  numbers and names of the message, for a page that says it in another language
    """

    code: str
    message: str
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MediaFacts:
    """What ``terjime media probe`` prints: times in flicks, rates as [num, den]."""

    kind: str  # "video" | "audio"
    container: (
        str  # our own name of it: mp4, matroska, mpegts, mpegps, avi, wav, mp3, flac, aac, ogg
    )
    duration: Flicks
    start: Flicks
    streams: tuple[Stream, ...]
    findings: tuple[Finding, ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        body = asdict(self)
        for stream in body["streams"]:
            rate = stream["frame_rate"]
            stream["frame_rate"] = [rate.numerator, rate.denominator] if rate else None
        return body


@dataclass(frozen=True, slots=True)
class Film:
    """An ingested film as alignment, checks and rendering see it: the mezzanine's own measures.

    hash        SHA-256 of the uploaded file: the film's name for life
    rate        constant; frame n of the mezzanine starts at grid.time_of(n), the first at 0
    frames      of the mezzanine's picture
    mezzanine   SHA-256 of the working copy
    starts      frames at which the mezzanine may be cut; none: one every two seconds, as ingest encodes it
    sound       which of the upload's sounds it is, from 0; None: nobody has said
    mended      its sound is not the upload's own: it is encoded from ingest's FLAC, never copied
    joined      SHA-256 of the upload's recordings on one clock, where it has several; "": it has one
    """

    hash: str
    mezzanine: str
    rate: Fraction
    frames: int
    width: int
    height: int
    has_sound: bool
    starts: tuple[int, ...] = ()
    sound: int | None = None
    mended: bool = False
    joined: str = ""

    @property
    def packets(self) -> str:
        """SHA-256 of the file that packets are copied from."""
        return self.joined or self.hash

    @property
    def grid(self) -> FrameGrid:
        return FrameGrid(self.rate)

    @property
    def duration(self) -> Flicks:
        return self.grid.time_of(self.frames)
