"""What a finished film really holds. An exit status is no evidence; this is."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.stream import Discard

from workflow.media.container import index_comes_first
from workflow.progress import Watch, unwatched
from workflow.render.plan import RenderPlan, off_plan
from workflow.render.soft import subtitle_packets
from workflow.timebase import FLICKS_PER_SECOND, Flicks, from_ticks
from workflow.tracks.cues import Cue, canonical, sha256

_LAST_SECONDS = 5
_WINDOWS = 3


@dataclass(frozen=True, slots=True)
class BuildReport:
    """A film that was measured and is what was planned.

    duration         of the picture
    bytes            of the file
    segments         that the picture is made of; 0 where it was copied
    encoded_frames   of them, made anew for this film
    unseen           numbers of cues (from 1) that fall between two frames
    missing_letters  that the fonts do not have: drawn as the replacement character
    """

    form: str
    width: int
    height: int
    frames: int
    duration: Flicks
    bytes: int
    has_sound: bool
    cues: int
    segments: int
    encoded_frames: int
    unseen: tuple[int, ...] = ()
    missing_letters: str = ""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Measures:
    width: int
    height: int
    frames: int
    duration: Flicks
    bytes: int
    has_sound: bool
    subtitles: int  # packets of the subtitle stream that hold text


def measure_build(
    out: Path,
    plan: RenderPlan,
    cues: Sequence[Cue],
    *,
    second: Sequence[Cue] = (),
    with_sound: bool,
    watch: Watch = unwatched,
) -> Measures:
    """Measure *out* against *plan*: every time stamp, and the pictures and sound of a few windows.

    The windows are chosen by the plan's own hash: not the same for every film, the same each time.
    Raises ToolFailed OUTPUT_INVALID, and whatever *watch* raises.
    """
    mp4 = plan.recipe.form != "soft-mkv"
    if not out.is_file() or out.stat().st_size == 0:
        raise off_plan("there is no file")
    if mp4 and not index_comes_first(out):
        raise off_plan("its index does not come first")
    try:
        with av.open(
            str(out),
            format="mov" if mp4 else "matroska",
            options={"protocol_whitelist": "file"},
        ) as media:
            texts = subtitle_packets(plan, cues) + subtitle_packets(plan, second)
            return _measures(out, media, plan, texts, with_sound, watch)
    except (av.FFmpegError, IndexError, ValueError) as error:
        raise off_plan(f"it cannot be read ({error})") from error


def _measures(
    out: Path,
    media: Any,
    plan: RenderPlan,
    texts: int,
    with_sound: bool,
    watch: Watch,
) -> Measures:
    picture = media.streams.video[0]
    film = plan.film
    watch(0, "Measuring what was made")
    empty = 0 if plan.recipe.form == "soft-mkv" else 2
    with _unheard(media):
        shown, spoken = _packets(media, picture, empty)
    if plan.recipe.is_soft:
        if spoken != texts:
            raise off_plan(f"it has {spoken} of {texts} subtitles")
    else:
        _require_grid(shown, picture.time_base, plan)
    first, last = min(shown), max(shown)
    duration = from_ticks(last - first, picture.time_base) + film.grid.time_of(1)
    allowed = max(FLICKS_PER_SECOND // 2, film.duration // 200)
    if abs(duration - film.duration) > allowed:
        raise off_plan(f"it lasts {duration / FLICKS_PER_SECOND:.3f} s, the film longer or shorter")
    if with_sound != bool(media.streams.audio):
        raise off_plan(
            "it has no sound" if with_sound else "it has a sound that it should not have"
        )
    if plan.recipe.sounds == "both" and plan.film.has_sound and len(media.streams.audio) < 2:
        raise off_plan("it has one sound where the dub and the original should be")
    context = picture.codec_context
    dice = random.Random(sha256(canonical(plan.to_json())))  # noqa: S311  no secret is made
    for start, end in _windows(first, last, picture.time_base, dice):
        watch(500, "Measuring what was made")
        with _unheard(media):
            _decode(media, start, end, picture, shown, all_of_them=not plan.recipe.is_soft)
        if with_sound:
            _decode_sound(media, start, end, picture.time_base)
    return Measures(
        width=context.width,
        height=context.height,
        frames=len(shown),
        duration=duration,
        bytes=out.stat().st_size,
        has_sound=with_sound,
        subtitles=spoken,
    )


@contextmanager
def _unheard(media: Any) -> Iterator[None]:
    """Packets of sound are not read: three of four in a film, and nobody asks for them."""
    for sound in media.streams.audio:
        sound.discard = Discard.all
    try:
        yield
    finally:
        for sound in media.streams.audio:
            sound.discard = Discard.default


def _packets(media: Any, picture: Any, empty: int) -> tuple[list[int], int]:
    """Time stamps of the picture's packets, and how many packets of subtitles hold text.

    empty  bytes of a packet without: mov_text fills its gaps with such
    """
    shown: list[int] = []
    spoken = 0
    for packet in media.demux(picture, *media.streams.subtitles):
        if packet.dts is None and packet.pts is None:
            continue
        if packet.stream.type == "video":
            shown.append(packet.pts)
        elif packet.size > empty:
            spoken += 1
    return shown, spoken


def _require_grid(shown: list[int], base: Fraction, plan: RenderPlan) -> None:
    """Every frame of the film is there once, at exactly its time."""
    rate = plan.film.rate
    if len(shown) != plan.film.frames:
        raise off_plan(f"it has {len(shown)} of {plan.film.frames} frames")
    step = 1 / (rate * base)  # ticks a frame
    ticks_over, frames_over = step.denominator, step.numerator
    for number, ticks in enumerate(sorted(shown)):
        if ticks * ticks_over != number * frames_over:
            raise off_plan(f"frame {number} is at {float(ticks * base):.6f} s")


def _windows(first: int, last: int, base: Fraction, dice: random.Random) -> list[tuple[int, int]]:
    second = int(1 / base)
    spots = sorted(dice.randint(first, max(first, last - second)) for _ in range(_WINDOWS))
    windows = [(spot, min(last, spot + second)) for spot in spots]
    return [*windows, (max(first, last - _LAST_SECONDS * second), last)]


def _decode(
    media: Any, start: int, end: int, picture: Any, shown: list[int], *, all_of_them: bool
) -> None:
    """The frames of a window decode; of a copied picture, which may have been damaged before, some do."""
    due = {ticks for ticks in shown if start <= ticks <= end}
    left = set(due)
    media.seek(start, stream=picture)
    for frame in media.decode(picture):
        if frame.pts is not None:
            left.discard(frame.pts)
            if frame.pts >= end:
                break
    failed = left if all_of_them else due and left == due
    if failed:
        raise off_plan(
            f"{len(left)} frames from {float(start * picture.time_base):.3f} s do not decode"
        )


def _decode_sound(media: Any, start: int, end: int, base: Fraction) -> None:
    """The sound decodes where there is some; a sound that ends before the picture is no fault."""
    stream = media.streams.audio[0]
    media.seek(int(start * base / stream.time_base), stream=stream)
    for frame in media.decode(stream):
        if frame.time is not None and frame.time >= end * base:
            break
