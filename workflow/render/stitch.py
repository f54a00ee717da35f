"""One film from its segments and its sound, by copying packets: nothing is encoded here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from workflow.errors import ToolFailed
from workflow.progress import Watch, unwatched
from workflow.render.mp4 import Ints, Track, picture_entry, sound_entry, write_mp4
from workflow.render.plan import RenderPlan
from workflow.render.segments import Packets, SegmentStore, read_segment


def stitch(
    plan: RenderPlan,
    segments: SegmentStore,
    sounds: Sequence[str],
    out: Path,
    *,
    tags: dict[str, str],
    watch: Watch = unwatched,
) -> None:
    """Write the film of *plan* to *out*, which must not exist yet. The same segments give the same bytes.

    sounds  keys of its sounds; the first is the one that players choose

    Raises KeyError if a segment is not kept, ToolFailed SEGMENT_DAMAGED or OUTPUT_INVALID.
    """
    pieces = [read_segment(segments.path(segment.key)) for segment in plan.segments]
    tracks = [_picture(plan, pieces)]
    data: list[Iterator[bytes]] = [_told(pieces, watch)]
    for key in sounds:
        sound = read_segment(segments.path(key))
        tracks.append(replace(sound_track(sound), chosen=key == sounds[0]))
        data.append(iter([sound.data()]))
    write_mp4(out, tracks, data, tags)


def time_scale(rate: Fraction) -> tuple[int, int]:
    """Ticks a second and ticks a frame, both whole: 12288 and 512 at 24, 24000 and 1001 at 23.976."""
    fine = rate.numerator
    while fine < 10_000:
        fine *= 2
    return fine, int(fine / rate)


def _told(pieces: list[Packets], watch: Watch) -> Iterator[bytes]:
    for index, piece in enumerate(pieces):
        watch(1000 * index // len(pieces), "Putting the film together")
        yield piece.data()


def _picture(plan: RenderPlan, pieces: list[Packets]) -> Track:
    first = pieces[0]
    for piece, planned in zip(pieces, plan.segments, strict=True):
        same = (piece.codec, piece.config, piece.facts) == (first.codec, first.config, first.facts)
        if not same or len(piece.sizes) != planned.frames:
            raise ToolFailed(
                "OUTPUT_INVALID", "A kept part does not fit the film.", where=piece.path.name
            )
    scale, ticks = time_scale(plan.film.rate)
    shown = np.concatenate(
        [
            planned.first + np.asarray(piece.shown, np.int64)
            for piece, planned in zip(pieces, plan.segments, strict=True)
        ]
    )
    late = np.arange(len(shown)) - shown  # packets are decoded one after the other, one a frame
    ahead = max(0, int(late.max()))  # how many frames early decoding must begin
    return Track(
        kind=b"vide",
        entry=picture_entry(first.codec, plan.size, first.config),
        scale=scale,
        sizes=_joined(pieces, lambda piece: piece.sizes),
        duration=ticks,
        delay=(ahead - late) * ticks if ahead else None,
        skipped=ahead * ticks,
        empty=0,
        shown=len(shown) * ticks,
        keys=np.concatenate(
            [
                planned.first + np.asarray(piece.keys, np.int64)
                for piece, planned in zip(pieces, plan.segments, strict=True)
            ]
        ),
        language="und",
        size=plan.size,
    )


def _joined(pieces: list[Packets], column: Callable[[Packets], list[int]]) -> Ints:
    return np.concatenate([np.asarray(column(piece), np.int64) for piece in pieces])


def sound_track(sound: Packets) -> Track:
    """A kept sound as a track of a film."""
    facts = sound.facts
    begins, ends = sound.shown[0], facts["end"]
    frame = sound.shown[1] - begins if len(sound.shown) > 1 else ends - begins
    return Track(
        kind=b"soun",
        entry=sound_entry(facts["sample_rate"], facts["channels"], sound.config),
        scale=facts["sample_rate"],
        sizes=np.asarray(sound.sizes, np.int64),
        duration=frame,
        delay=None,
        skipped=max(0, -begins),
        empty=max(0, begins),
        shown=ends - max(0, begins),
        keys=None,
        language=facts["language"],
    )
