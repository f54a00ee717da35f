"""What is in a file, and which of it is used: the largest moving picture and one sound."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NoReturn

import av

from workflow.errors import BadInput
from workflow.language.codes import same_language
from workflow.media import limits
from workflow.media.facts import Finding, Stream
from workflow.media.joints import OneClock
from workflow.timebase import FLICKS_PER_SECOND


@dataclass(slots=True)
class Found:
    streams: list[Stream] = field(default_factory=list)
    indexes: list[int] = field(default_factory=list)  # of `streams` in the file
    picture: Any = None  # av.VideoStream
    sound: Any = None  # av.AudioStream
    number: int = 0  # of the sound
    dated: bool = True  # AVI says of its pictures only in which order they are stored, not when they are shown
    clock: OneClock | None = None  # of a transport stream, whose parts may each have their own
    findings: list[Finding] = field(default_factory=list)


def choose(media: Any, language: str, wanted: int | None) -> Found:
    """The largest moving picture, and one sound. Covers are no picture."""
    found = Found(
        dated=media.format.name != "avi",
        clock=OneClock() if media.format.name == "mpegts" else None,
    )
    pictures = []
    sounds = []
    for stream in media.streams:
        if av.stream.Disposition.attached_pic in stream.disposition:
            continue
        kind = stream.type if stream.type in {"video", "audio", "subtitle"} else "data"
        context = stream.codec_context
        codec = context.name if context else "unknown"
        found.indexes.append(stream.index)
        found.streams.append(
            Stream(
                kind,
                codec,
                language=_language(stream),
                index=stream.index,
                title=_words(stream, "title") or _words(stream, "name"),
            )
        )
        if kind == "video":
            pictures.append(stream)
        elif kind == "audio":
            sounds.append(stream)
    _check_counts(found.streams)
    if not pictures and not sounds:
        raise BadInput(
            "NO_STREAMS",
            "There is no picture and no sound in the file.",
            advice="Check that it plays on your own machine, then upload it again.",
        )
    if pictures:
        found.picture = max(
            pictures,
            key=lambda s: (
                (s.codec_context.width or 0) * (s.codec_context.height or 0)
                if s.codec_context
                else -1
            ),
        )
        _check_decodable(found.picture)
    readable = [stream for stream in sounds if _decoder(stream)]
    if sounds and not readable:
        _check_decodable(sounds[0])
    if readable:
        opened_sounds = [stream for stream in sounds if stream.codec_context]
        chosen = (
            opened_sounds[wanted] if wanted is not None and wanted < len(opened_sounds) else None
        )
        found.sound, why = _chosen_sound(readable, language, chosen)
        found.number = opened_sounds.index(found.sound)
    if len(pictures) > 1:
        found.findings.append(
            Finding(
                "SEVERAL_PICTURES",
                f"The file has {len(pictures)} pictures; the largest is used.",
                {"count": len(pictures)},
            )
        )
    if found.sound and len(sounds) > 1:
        place = found.number + 1
        found.findings.append(
            Finding(
                "SEVERAL_SOUNDS",
                f"The file has {len(sounds)} sound tracks; number {place} is used: {_WHY[why]}.",
                {"count": len(sounds), "place": place, "why": why},
            )
        )
    return found


_WHY = {
    "chosen": "somebody chose it",
    "language": "it is in the project's source language",
    "default": "the file says that it is the usual one",
    "first": "it is the first",
}


def _chosen_sound(sounds: list[Any], language: str, wanted: Any) -> tuple[Any, str]:
    """The one that was asked for, in the language asked for, marked as default, or the first; and which."""
    usual = [s for s in sounds if av.stream.Disposition.default in s.disposition]
    spoken = [s for s in sounds if same_language(_language(s) or "", language)]
    if wanted in sounds:
        return wanted, "chosen"
    if spoken:  # of several in one language the usual one: the others are often commentaries
        return next((s for s in spoken if s in usual), spoken[0]), "language"
    if usual:
        return usual[0], "default"
    return sounds[0], "first"


def _words(stream: Any, key: str) -> str | None:
    words = " ".join((stream.metadata.get(key) or "").split())
    return words[:80] if words.isprintable() and words else None


def _language(stream: Any) -> str | None:
    language = (stream.metadata.get("language") or "").strip()
    return None if language in {"", "und"} or not language.isprintable() else language[:35]


def _decoder(stream: Any) -> bool:
    return bool(stream.codec_context) and stream.codec_context.codec.name in limits.DECODERS


def _check_counts(streams: list[Stream]) -> None:
    for kind, most in (
        ("video", limits.VIDEO_STREAMS),
        ("audio", limits.AUDIO_STREAMS),
        ("subtitle", limits.SUBTITLE_STREAMS),
    ):
        count = sum(stream.type == kind for stream in streams)
        if count > most:
            raise BadInput(
                "TOO_MANY_STREAMS",
                f"The file has {count} {kind} streams; at most {most} are accepted.",
            )


def _check_decodable(stream: Any) -> None:
    where = f"stream {stream.index}"
    context = stream.codec_context
    if not _decoder(stream):
        raise BadInput(
            "CODEC_UNSUPPORTED",
            f"The {'picture' if stream.type == 'video' else 'sound'} is coded as {context.name if context else 'something unknown'}, which is not accepted.",
            where=where,
            advice="Export it again as MP4 (H.264 and AAC).",
        )


def check_before_decoding(media: Any, found: Found) -> None:
    if found.picture:
        context = found.picture.codec_context
        width, height = context.width, context.height
        longest, shortest = limits.WIDTH_AND_HEIGHT
        if max(width, height) > longest or min(width, height) > shortest:
            raise BadInput(
                "TOO_LARGE_PICTURE",
                f"The picture has {width}x{height} pixels; at most {longest}x{shortest} are accepted.",
                where=f"stream {found.picture.index}",
                advice="Export a smaller one; the delivered film will not be larger than that.",
            )
        if min(width, height) < limits.SMALLEST_SIDE:
            raise BadInput(
                "TOO_SMALL_PICTURE",
                f"The picture has {width}x{height} pixels; at least {limits.SMALLEST_SIDE} each way are needed.",
                where=f"stream {found.picture.index}",
            )
    if found.sound:
        rate, channels = found.sound.codec_context.sample_rate, found.sound.codec_context.channels
        lowest, highest = limits.SAMPLE_RATES
        if not lowest <= rate <= highest or not 1 <= channels <= limits.CHANNELS:
            raise BadInput(
                "BAD_SOUND",
                f"The sound has {channels} channels at {rate} Hz; 1 to {limits.CHANNELS} channels at {lowest} to {highest} Hz are accepted.",
                where=f"stream {found.sound.index}",
            )
    # libav hides a declared duration that is negative or does not fit; an absurd one comes through.
    if (
        media.duration is not None
        and not 0 <= media.duration <= limits.DURATION * 1_000_000 // FLICKS_PER_SECOND
    ):
        refuse_duration(f"The file says that it lasts {media.duration / 3_600_000_000:.1f} hours")


def refuse_duration(what: str) -> NoReturn:
    most = limits.DURATION // FLICKS_PER_SECOND // 3600
    raise BadInput(
        "BAD_DURATION",
        f"{what}; more than nothing and at most {most} hours are accepted.",
        advice="Export it again, in parts if it is longer.",
    )
