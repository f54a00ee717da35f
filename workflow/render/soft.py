"""Soft subtitles: the upload's own picture and sound, untouched, with the cues as a stream of their own.

Packets are copied one by one; the cues are written as packets here, so no subtitle reader ever sees
what a cue's author wrote. The upload's first frame is the film's time 0, wherever its clock begins.
"""

from __future__ import annotations

import itertools
import re
import struct
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from workflow.errors import ToolFailed
from workflow.progress import Watch, unwatched
from workflow.render.original import chosen_picture, open_original
from workflow.render.plan import RenderPlan
from workflow.timebase import FLICKS_PER_MS, Flicks, to_seconds
from workflow.tracks.cues import Cue, in_order

_MS = Fraction(1, 1000)
_MARKUP = re.compile(r"<(/?)([ibu])>")
_FACES = {"b": 1, "i": 2, "u": 4}  # 3GPP TS 26.245: face-style-flags


def write_soft(
    plan: RenderPlan,
    cues: Sequence[Cue],
    original: Path,
    out: Path,
    *,
    language: str,
    tags: dict[str, str],
    watch: Watch = unwatched,
) -> None:
    """Write *out* from the upload's picture and its sounds, and *cues* as its subtitle stream.

    language  ISO 639-2 of the cues: "tuk"

    Raises ToolFailed CONTAINER if the upload's packets do not fit into the container wanted.
    """
    mkv = plan.recipe.form == "soft-mkv"
    try:
        with (
            open_original(original) as source,
            av.open(
                str(out),
                "w",
                format="matroska" if mkv else "mp4",
                options={"fflags": "+bitexact"}
                if mkv
                else {"movflags": "faststart", "fflags": "+bitexact"},
            ) as result,
        ):
            _copy(plan, cues, source, result, language, tags, watch)
    except (av.FFmpegError, ValueError) as error:
        out.unlink(missing_ok=True)
        raise ToolFailed(
            "CONTAINER",
            f"The film's picture or sound cannot be copied into {'MKV' if mkv else 'MP4'}: {error}.",
            advice="Choose the other container, or a burned-in film.",
        ) from error


def _copy(
    plan: RenderPlan,
    cues: Sequence[Cue],
    source: Any,
    result: Any,
    language: str,
    tags: dict[str, str],
    watch: Watch,
) -> None:
    mkv = plan.recipe.form == "soft-mkv"
    picture = chosen_picture(source)
    if picture is None:
        raise ValueError("it has no picture")
    streams = [picture, *source.streams.audio]
    copies = {stream.index: result.add_stream_from_template(stream) for stream in streams}
    for stream in streams:
        copies[stream.index].time_base = stream.time_base
        if name := stream.metadata.get("language"):
            copies[stream.index].metadata["language"] = name
    text = result.add_mux_stream("subrip" if mkv else "mov_text")
    text.time_base = _MS
    text.metadata["language"] = language
    for name, value in tags.items():
        result.metadata[name] = value
    zero = (picture.start_time or 0) * picture.time_base
    waiting = _subtitles(cues, plan, text, mkv=mkv)
    due = next(waiting, None)
    length = max(1, plan.film.duration)
    for packet in _with_decoding_times(source.demux(streams)):
        stream = packet.stream
        now = packet.dts * stream.time_base - zero
        while due is not None and due.pts * _MS <= now:
            result.mux(due)
            due = next(waiting, None)
        shift = round(zero / stream.time_base)
        packet.pts = None if packet.pts is None else packet.pts - shift
        packet.dts -= shift
        packet.stream = copies[stream.index]
        result.mux(packet)
        watch(min(1000, int(now * 1000 / to_seconds(length))) if now > 0 else 0, "Copying the film")
    while due is not None:
        result.mux(due)
        due = next(waiting, None)


def _with_decoding_times(packets: Iterable[Any]) -> Iterator[Any]:
    """Packets that hold something, each with a decoding time.

    Matroska does not store it, and libav cannot know it for the first packets of a picture with B-frames:
    they are spaced back from the first that is known.
    """
    waiting: dict[int, list[Any]] = {}
    for packet in packets:
        if packet.size == 0:
            continue
        held = waiting.setdefault(packet.stream.index, [])
        if packet.dts is None:
            held.append(packet)
            continue
        for number, early in enumerate(reversed(held), start=1):
            early.dts = packet.dts - number * max(1, early.duration or packet.duration or 1)
        yield from held
        held.clear()
        yield packet
    for held in waiting.values():
        for packet in held:
            packet.dts = packet.pts
            yield packet


def subtitle_packets(plan: RenderPlan, cues: Sequence[Cue]) -> int:
    """How many packets with text the subtitle stream has."""
    return sum(1 for _ in (_each if plan.recipe.form == "soft-mkv" else _apart)(cues, plan))


def _subtitles(cues: Sequence[Cue], plan: RenderPlan, stream: Any, *, mkv: bool) -> Iterator[Any]:
    """Packets in order of time. MP4 allows one text at a time, so texts that overlap are joined there."""
    spans = _apart(cues, plan) if not mkv else _each(cues, plan)
    at = 0
    for start, end, text in spans:
        if not mkv and start > at:
            yield _packet(stream, at, start, b"\x00\x00")
        yield _packet(stream, start, end, text.encode() if mkv else timed_text(text))
        at = end


def _each(cues: Sequence[Cue], plan: RenderPlan) -> Iterator[tuple[int, int, str]]:
    for start, end, cue in _seen(cues, plan):
        place = f"{{\\an{cue.position}}}" if cue.position else ""
        # A brace that opens a tag of ASS would be obeyed by some players: part it from its backslash.
        yield start, end, place + cue.text.replace("{\\", "{\u2060\\")


def _apart(cues: Sequence[Cue], plan: RenderPlan) -> Iterator[tuple[int, int, str]]:
    spans = list(_seen(cues, plan))
    edges = sorted({edge for start, end, _ in spans for edge in (start, end)})
    for start, end in itertools.pairwise(edges):
        texts = [cue.text for first, last, cue in spans if first <= start and last >= end]
        if texts:
            yield start, end, "\n".join(texts)


def _seen(cues: Sequence[Cue], plan: RenderPlan) -> Iterator[tuple[int, int, Cue]]:
    """Milliseconds rounded down, as in SRT; a cue shorter than that is on screen for one."""
    for cue in in_order(cues):
        start = _ms(cue.start)
        yield start, max(start + 1, _ms(min(cue.end, plan.film.duration))), cue


def _ms(time: Flicks) -> int:
    return time // FLICKS_PER_MS


def _packet(stream: Any, start: int, end: int, body: bytes) -> Any:
    packet = av.Packet(body)
    packet.stream = stream
    packet.time_base = _MS
    packet.pts = packet.dts = start
    packet.duration = end - start
    return packet


def timed_text(text: str) -> bytes:
    """A sample of 3GPP timed text: UTF-8, then which characters are bold, italic or underlined.

    Source: 3GPP TS 26.245, 5.17 ("styl" counts characters, not bytes).
    """
    plain, runs = _faces(text)
    body = plain.encode()
    sample = struct.pack(">H", len(body)) + body
    if not runs:
        return sample
    rows = b"".join(
        struct.pack(">HHHBB4B", start, end, 1, face, 18, 255, 255, 255, 255)
        for start, end, face in runs
    )
    styles = struct.pack(">H", len(runs)) + rows
    return sample + struct.pack(">I", len(styles) + 8) + b"styl" + styles


def _faces(text: str) -> tuple[str, list[tuple[int, int, int]]]:
    """The text without its markup, and stretches of characters with the same face."""
    plain: list[str] = []
    faces: list[int] = []
    depth = dict.fromkeys("biu", 0)
    at = 0
    for tag in [*_MARKUP.finditer(text), None]:
        piece = text[at : tag.start() if tag else len(text)]
        plain.append(piece)
        face = sum(flag for kind, flag in _FACES.items() if depth[kind])
        faces += [face] * len(piece)
        if tag:
            at = tag.end()
            depth[tag[2]] = max(0, depth[tag[2]] + (-1 if tag[1] else 1))
    return "".join(plain), list(_runs(faces))


def _runs(faces: Iterable[int]) -> Iterator[tuple[int, int, int]]:
    start, current = 0, 0
    for index, face in enumerate([*faces, 0]):
        if face != current:
            if current:
                yield start, index, current
            start, current = index, face
