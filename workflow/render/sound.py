"""The film's sound as packets, made once per film and kept like a segment of the picture.

AAC of the upload is copied; any other sound is encoded once, from ingest's 48 kHz FLAC, which begins
with the first frame of the picture.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av

from workflow.errors import ToolFailed
from workflow.media.container import sniff
from workflow.media.facts import Film
from workflow.media.ffmpeg import input_arguments, run_ffmpeg
from workflow.progress import Watch, unwatched
from workflow.render.original import chosen_picture, chosen_sound, open_original
from workflow.render.plan import ENGINE
from workflow.render.recipe import Recipe
from workflow.render.segments import SegmentStore, write_segment
from workflow.tracks.cues import canonical, sha256

_COPIED = {"mp4", "matroska"}


@dataclass(frozen=True, slots=True)
class SoundPackets:
    """AAC packets; *first* is the first sample of each, on the film's time (0: its first frame)."""

    config: bytes
    sample_rate: int
    channels: int
    first: list[int]
    end: int  # the sample after the last that is heard
    data: list[bytes]


def sound_key(film: Film, recipe: Recipe) -> str:
    return sha256(
        canonical([ENGINE, "sound", film.hash, recipe.form == "review", recipe.sound_kbps])
    )


def keep_sound(
    film: Film,
    recipe: Recipe,
    original: Path,
    sound: Path,
    segments: SegmentStore,
    *,
    work: Path,
    watch: Watch = unwatched,
    ffmpeg: str = "",
    anew: bool = False,
) -> str:
    """Make sure that the film's sound is among the *segments*, and return its key.

    anew  make it even if it is there: it is damaged

    Raises ToolFailed, and whatever *watch* raises.
    """
    key = sound_key(film, recipe)
    if segments.has(key) and not anew:
        return key
    with tempfile.TemporaryDirectory(dir=work, prefix="sound.") as name:
        folder = Path(name)
        packets = None if recipe.form == "review" else aac_of(original)
        if packets is None:
            encoded = folder / "sound.mp4"
            _encode(film, recipe, sound, encoded, watch, ffmpeg)
            packets = aac_of(encoded)
        if packets is None:
            raise ToolFailed("OUTPUT_INVALID", "The sound could not be encoded as AAC.")
        file = folder / key
        write_segment(
            file,
            packets.data,
            codec="mp4a",
            config=packets.config,
            shown=packets.first,
            keys=[],
            facts={
                "sample_rate": packets.sample_rate,
                "channels": packets.channels,
                "end": packets.end,
            },
        )
        segments.put(key, file)
    return key


def aac_of(file: Path) -> SoundPackets | None:
    """The chosen sound stream of an MP4 or Matroska file, if it is plain AAC without holes; else None.

    Its time is counted from the picture's first frame, or from 0 in a file without one.
    """
    try:
        if sniff(file) not in _COPIED:
            return None
        with open_original(file) as media:
            stream = chosen_sound(media)
            return None if stream is None else _packets(media, stream)
    except (av.FFmpegError, OSError):
        return None


def _packets(media: Any, stream: Any) -> SoundPackets | None:
    context = stream.codec_context
    config = bytes(context.extradata or b"")
    if context.name != "aac" or stream.profile not in {"LC", None} or len(config) < 2:
        return None
    rate = context.sample_rate
    zero = 0
    if (picture := chosen_picture(media)) is not None:
        if picture.start_time is None:
            return None
        zero = round(picture.start_time * picture.time_base * rate)
    first: list[int] = []
    data: list[bytes] = []
    last = None
    for packet in media.demux(stream):
        if packet.pts is None or packet.size == 0:
            continue
        first.append(round(packet.pts * stream.time_base * rate) - zero)
        data.append(bytes(packet))
        last = packet.duration
    frame = context.frame_size or 1024
    # Matroska counts in milliseconds: a packet is then up to half of one beside its place.
    slack = max(1, round(stream.time_base * rate / 2))
    if not first or not _in_step(first, frame, slack):
        return None
    steady = [first[0] + index * frame for index in range(len(first))]
    # The last packet of a sound that was trimmed to its length says so by a shorter duration.
    spoken = min(frame, round(last * stream.time_base * rate)) if last else frame
    return SoundPackets(config, rate, context.channels, steady, steady[-1] + spoken, data)


def _in_step(first: list[int], frame: int, slack: int) -> bool:
    return all(abs(at - first[0] - index * frame) <= 2 * slack for index, at in enumerate(first))


def _encode(film: Film, recipe: Recipe, sound: Path, out: Path, watch: Watch, ffmpeg: str) -> None:
    run_ffmpeg(
        [
            *input_arguments(sound.absolute(), "flac"),
            *("-map", "0:a:0", "-c:a", "aac", "-b:a", f"{recipe.sound_kbps}k"),
            *(("-ac", "2") if recipe.form == "review" else ()),
            *(
                "-threads",
                "1",
                "-map_metadata",
                "-1",
                "-fflags",
                "+bitexact",
                "-flags:a",
                "+bitexact",
            ),
            *("-f", "mp4", f"file:{out.absolute()}"),
        ],
        duration=film.duration,
        watch=watch,
        doing="Encoding the sound",
        ffmpeg=ffmpeg,
    )
