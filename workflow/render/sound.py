"""A film's sounds as packets, each made once and kept like a segment of the picture.

AAC of the upload is copied; any other sound is encoded once, from ingest's 48 kHz FLAC, which begins
with the first frame of the picture, or from the upload if the recipe picks another than ingest did. A
dub is a mix that begins with the first frame too.
"""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import av

from workflow.dub.sound import WavWriter, decoded
from workflow.errors import ToolFailed
from workflow.language.codes import three_letters
from workflow.media.container import sniff
from workflow.media.facts import Film
from workflow.media.ffmpeg import input_arguments, run_ffmpeg
from workflow.progress import Watch, part, unwatched
from workflow.render.original import chosen_picture, chosen_sound, open_original
from workflow.render.plan import ENGINE
from workflow.render.recipe import Recipe
from workflow.render.segments import SegmentStore, write_segment
from workflow.timebase import FLICKS_PER_SECOND, from_ticks
from workflow.tracks.cues import canonical, sha256

_COPIED = {"mp4", "matroska"}
_RATE = 48_000


@dataclass(frozen=True, slots=True)
class SoundPackets:
    """AAC packets; *first* is the first sample of each, on the film's time (0: its first frame)."""

    config: bytes
    sample_rate: int
    channels: int
    first: list[int]
    end: int  # the sample after the last that is heard
    data: list[bytes]
    language: str  # ISO 639-2


@dataclass(frozen=True, slots=True)
class Dub:
    """A mix to be heard with the film: WAV or FLAC, its first sample at the film's first frame.

    hash  SHA-256 of the file, where it is known
    """

    path: Path
    language: str = "tk"  # BCP 47
    hash: str = ""

    @property
    def name(self) -> str:
        if self.hash:
            return self.hash
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


def sound_key(film: Film, recipe: Recipe) -> str:
    """Names the film's own sound in this recipe."""
    names = [film.hash, recipe.form == "review", recipe.sound_kbps, _number(film, recipe)]
    names += ["mended"] if _is_mended(film, recipe) else []
    return sha256(canonical([ENGINE, "sound", *names]))


def _number(film: Film, recipe: Recipe) -> int | None:
    """Which of the upload's sounds is meant: the recipe's, else the one that the film is worked with."""
    return film.sound if recipe.sound is None else recipe.sound


def _is_mended(film: Film, recipe: Recipe) -> bool:
    return film.mended and _number(film, recipe) == film.sound


def dub_key(dub: Dub, recipe: Recipe) -> str:
    names = [dub.name, three_letters(dub.language), recipe.form == "review", recipe.sound_kbps]
    return sha256(canonical([ENGINE, "dub", *names]))


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

    Raises BadInput SOUND_NUMBER, ToolFailed, and whatever *watch* raises.
    """
    key = sound_key(film, recipe)
    if segments.has(key) and not anew:
        return key
    with tempfile.TemporaryDirectory(dir=work, prefix="sound.") as name:
        folder = Path(name)
        number = _number(film, recipe)
        encoded = recipe.form == "review" or _is_mended(film, recipe)
        packets = None if encoded else aac_of(original, number)
        if packets is None:
            if recipe.sound not in {None, film.sound}:
                sound = _decoded(original, recipe.sound, folder, part(watch, 0, 500))
                watch = part(watch, 500, 1000)
            packets = _encoded(film, recipe, sound, folder, watch, ffmpeg)
            packets = replace(packets, language=_language(original, number))
        _keep(packets, key, segments, folder)
    return key


def keep_dub(
    film: Film,
    recipe: Recipe,
    dub: Dub,
    segments: SegmentStore,
    *,
    work: Path,
    watch: Watch = unwatched,
    ffmpeg: str = "",
    anew: bool = False,
) -> str:
    """The same for a dub. What is longer than the film is left out, what is missing is silent.

    Raises BadInput as `sniff` does, ToolFailed, and whatever *watch* raises.
    """
    key = dub_key(dub, recipe)
    if segments.has(key) and not anew:
        return key
    with tempfile.TemporaryDirectory(dir=work, prefix="sound.") as name:
        folder = Path(name)
        packets = _encoded(film, recipe, dub.path, folder, watch, ffmpeg)
        packets = replace(packets, language=three_letters(dub.language))
        _keep(packets, key, segments, folder)
    return key


def _keep(packets: SoundPackets, key: str, segments: SegmentStore, folder: Path) -> None:
    file = folder / key
    facts = {
        "sample_rate": packets.sample_rate,
        "channels": packets.channels,
        "end": packets.end,
        "language": packets.language,
    }
    write_segment(
        file,
        packets.data,
        codec="mp4a",
        config=packets.config,
        shown=packets.first,
        keys=[],
        facts=facts,
    )
    segments.put(key, file)


def _decoded(original: Path, number: int, folder: Path, watch: Watch) -> Path:
    """One of the upload's sounds as WAV from the picture's first frame on."""
    with open_original(original) as media:
        stream = chosen_sound(media, number)
        picture = chosen_picture(media)
        index = stream.index if stream is not None else None
        start = picture.start_time if picture is not None else None
        zero = None if picture is None else from_ticks(start or 0, picture.time_base)
    out = folder / "sound.wav"
    with WavWriter(out, 2) as wav:
        for block in decoded(original, stream=index, zero=zero, watch=watch):
            wav.write(block)
    return out


def _language(original: Path, number: int | None) -> str:
    try:
        with open_original(original) as media:
            stream = chosen_sound(media, number)
            return three_letters(stream.metadata.get("language") if stream is not None else None)
    except av.FFmpegError:
        return "und"


def aac_of(file: Path, number: int | None = None) -> SoundPackets | None:
    """The chosen sound stream of an MP4 or Matroska file, if it is plain AAC without holes; else None.

    Its time is counted from the picture's first frame, or from 0 in a file without one.
    """
    try:
        if sniff(file) not in _COPIED:
            return None
        with open_original(file) as media:
            stream = chosen_sound(media, number)
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
    language = three_letters(stream.metadata.get("language"))
    return SoundPackets(config, rate, context.channels, steady, steady[-1] + spoken, data, language)


def _in_step(first: list[int], frame: int, slack: int) -> bool:
    return all(abs(at - first[0] - index * frame) <= 2 * slack for index, at in enumerate(first))


def _encoded(
    film: Film, recipe: Recipe, sound: Path, folder: Path, watch: Watch, ffmpeg: str
) -> SoundPackets:
    """*sound* as AAC, exactly as long as the picture."""
    out = folder / "sound.mp4"
    samples = film.duration * _RATE // FLICKS_PER_SECOND
    run_ffmpeg(
        [
            *input_arguments(sound.absolute(), sniff(sound)),
            *("-map", "0:a:0", "-af", f"aresample={_RATE},apad,atrim=end_sample={samples}"),
            *("-c:a", "aac", "-b:a", f"{recipe.sound_kbps}k"),
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
    packets = aac_of(out)
    if packets is None:
        raise ToolFailed("OUTPUT_INVALID", "The sound could not be encoded as AAC.")
    return packets
