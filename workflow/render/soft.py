"""Soft subtitles: the upload's own picture and sound, untouched, with the cues as a stream of their own.

Packets are copied one by one; the cues are written as packets here, so no subtitle reader ever sees
what a cue's author wrote. The upload's first frame is the film's time 0, wherever its clock begins.
"""

from __future__ import annotations

import heapq
import itertools
import re
import struct
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.stream

from workflow.errors import ToolFailed
from workflow.progress import Watch, unwatched
from workflow.render.mp4 import write_mp4
from workflow.render.original import chosen_picture, chosen_sound, open_original
from workflow.render.plan import RenderPlan
from workflow.render.segments import SegmentStore, read_segment
from workflow.render.stitch import sound_track
from workflow.timebase import FLICKS_PER_MS, Flicks, to_seconds
from workflow.tracks.cues import Cue, in_order

_MS = Fraction(1, 1000)
_MARKUP = re.compile(r"<(/?)([ibu])>")
_FACES = {"b": 1, "i": 2, "u": 4}  # 3GPP TS 26.245: face-style-flags


@dataclass(frozen=True, slots=True)
class Text:
    """Cues that become one subtitle stream. language: ISO 639-2, "tuk"."""

    cues: Sequence[Cue]
    language: str


def write_soft(
    plan: RenderPlan,
    texts: Sequence[Text],
    original: Path,
    out: Path,
    *,
    segments: SegmentStore,
    dub: str | None = None,
    tags: dict[str, str],
    watch: Watch = unwatched,
) -> None:
    """Write *out* from the upload's picture and its sounds, and a subtitle stream for each of *texts*.

    dub  key of the dub among the *segments*: it becomes the first sound, which players choose

    The recipe says which of the upload's sounds come along. Raises BadInput SOUND_NUMBER, and ToolFailed CONTAINER if the upload's packets do not fit into the container wanted.
    """
    mkv = plan.recipe.form == "soft-mkv"
    try:
        with (
            open_original(original) as source,
            _dub(dub, segments, out) as mix,
            av.open(
                str(out),
                "w",
                format="matroska" if mkv else "mp4",
                options={"fflags": "+bitexact"}
                if mkv
                else {"movflags": "faststart", "fflags": "+bitexact"},
            ) as result,
        ):
            _copy(plan, texts, source, mix, result, tags, watch)
    except (av.FFmpegError, ValueError) as error:
        out.unlink(missing_ok=True)
        raise ToolFailed(
            "CONTAINER",
            f"The film's picture or sound cannot be copied into {'MKV' if mkv else 'MP4'}: {error}.",
            advice="Choose the other container, or a burned-in film.",
        ) from error


def _copy(
    plan: RenderPlan,
    texts: Sequence[Text],
    source: Any,
    mix: Any | None,
    result: Any,
    tags: dict[str, str],
    watch: Watch,
) -> None:
    mkv = plan.recipe.form == "soft-mkv"
    picture = chosen_picture(source)
    if picture is None:
        raise ValueError("it has no picture")
    sounds = _own_sounds(plan, source)
    streams = [picture, *sounds]
    copies = {picture.index: _copied(result, picture, chosen=True)}
    others: list[Iterator[Any]] = []
    if mix is not None:
        first = mix.streams.audio[0]
        others.append(_moved(mix, first, _copied(result, first, chosen=True)))
    number = plan.film.sound if plan.recipe.sound is None else plan.recipe.sound
    played = chosen_sound(source, number) if sounds and mix is None else None
    for stream in sounds:
        copies[stream.index] = _copied(result, stream, chosen=stream is played)
    for number, text in enumerate(text for text in texts if text.cues):
        stream = result.add_mux_stream("subrip" if mkv else "mov_text")
        stream.time_base = _MS
        stream.metadata["language"] = text.language
        stream.disposition = _chosen(number == 0)
        others.append(_subtitles(text.cues, plan, stream, mkv=mkv))
    for name, value in tags.items():
        result.metadata[name] = value
    zero = (picture.start_time or 0) * picture.time_base
    clocks = {stream.index: _Clock.of(stream.time_base, zero) for stream in streams}
    waiting = heapq.merge(*others, key=_microseconds)
    due = next(waiting, None)
    due_at = _microseconds(due) if due is not None else 0
    length = max(1, int(to_seconds(plan.film.duration) * 1_000_000))
    told = -1
    for packet in _with_decoding_times(source.demux(streams)):
        index = packet.stream.index
        clock = clocks[index]
        dts = packet.dts - clock.shift
        now = dts * clock.up // clock.down
        while due is not None and due_at <= now:
            result.mux(due)
            due = next(waiting, None)
            due_at = _microseconds(due) if due is not None else 0
        if packet.pts is not None:
            packet.pts -= clock.shift
        packet.dts = dts
        packet.stream = copies[index]
        result.mux(packet)
        if (permille := max(0, min(1000, now * 1000 // length))) > told:
            told = permille
            watch(permille, "Copying the film")
    while due is not None:
        result.mux(due)
        due = next(waiting, None)


@dataclass(frozen=True, slots=True)
class _Clock:
    """A stream's ticks: how many lie before the film's time 0, and microseconds a tick as a fraction.

    Whole numbers, because an hour has a quarter of a million packets and `Fraction` takes its time.
    """

    shift: int
    up: int
    down: int

    @classmethod
    def of(cls, base: Fraction, zero: Fraction) -> _Clock:
        tick = base * 1_000_000
        return cls(round(zero / base), tick.numerator, tick.denominator)


def _microseconds(packet: Any) -> int:
    tick = packet.time_base * 1_000_000
    return int(packet.dts * tick.numerator // tick.denominator)


def _own_sounds(plan: RenderPlan, source: Any) -> list[Any]:
    """The upload's sounds that come along: all, or the one that the recipe picks, or none beside a dub."""
    if plan.recipe.sounds == "dub":
        return []
    if plan.recipe.sound is None:
        return list(source.streams.audio)
    return [chosen_sound(source, plan.recipe.sound)]


def _chosen(yes: bool) -> av.stream.Disposition:
    return av.stream.Disposition.default if yes else av.stream.Disposition(0)


def _copied(result: Any, stream: Any, *, chosen: bool) -> Any:
    """A stream of *result* for the packets of *stream*; *chosen*: players play it unless told otherwise."""
    # AV1 is decoded by dav1d, which encodes nothing: PyAV looks for an encoder of that name unless told so.
    foreign = True if stream.codec_context.name == "libdav1d" else None
    copy = result.add_stream_from_template(stream, opaque=foreign)
    copy.time_base = stream.time_base
    if name := stream.metadata.get("language"):
        copy.metadata["language"] = name
    copy.disposition = _chosen(chosen)
    return copy


@contextmanager
def _dub(key: str | None, segments: SegmentStore, out: Path) -> Iterator[Any | None]:
    """The dub as a file that can be read; None if there is none."""
    if key is None:
        yield None
        return
    kept = read_segment(segments.path(key))
    with tempfile.TemporaryDirectory(dir=out.parent, prefix="dub.") as folder:
        file = Path(folder) / "dub.mp4"
        write_mp4(file, [sound_track(kept)], [iter([kept.data()])], {})
        with av.open(str(file), format="mov", options={"protocol_whitelist": "file"}) as media:
            yield media


def _moved(media: Any, stream: Any, to: Any) -> Iterator[Any]:
    for packet in media.demux(stream):
        if packet.size:
            packet.stream = to
            yield packet


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
        if not held:
            yield packet
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
    index, shown = 0, []
    for start, end in itertools.pairwise(edges):
        while index < len(spans) and spans[index][0] <= start:
            shown.append(spans[index])
            index += 1
        shown = [span for span in shown if span[1] >= end]
        if shown:
            yield start, end, "\n".join(cue.text for _, _, cue in shown)


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
