"""What a render will do, as pure data: which segments, under which names.

A film is cut at its mezzanine's GOPs. A segment's key is the hash of all that its picture is made of,
so a segment that exists under its key is never made again, whoever made it and for whichever version.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from workflow.errors import BadInput, ToolFailed
from workflow.media.facts import Film
from workflow.render import encoder
from workflow.render.ass import Caption, captions, escaped, header, numbers, watermark
from workflow.render.recipe import Recipe
from workflow.render.typeface import fonts_hash
from workflow.timebase import FLICKS_PER_SECOND, clock, nominal_rate
from workflow.tracks import limits
from workflow.tracks.cues import Cue, canonical, sha256

ENGINE = "render/3"  # raise it when the same plan would give other pictures
GOP_SECONDS = 2
OPENING_SECONDS = 4  # of a review build, in which the version is burned in


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a review build says of itself, in the picture and in its tags.

    made    when the version was built, for a person: "2026-11-24 10:15 UTC"
    """

    film: str
    language: str
    version: int
    track_hash: str
    made: str

    @property
    def version_line(self) -> str:
        return f"{self.film} · track v{self.version} · {self.track_hash[:8]} · {self.made} · REVIEW"

    def segment_line(self, name: str) -> str:
        return f"{self.film} · {self.language} · REVIEW · {name}"

    def to_json(self) -> dict[str, Any]:
        return {
            "film": self.film,
            "language": self.language,
            "version": self.version,
            "track_hash": self.track_hash,
            "made": self.made,
        }


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of the film that is encoded and kept on its own.

    first     its first frame in the film
    captions  in frames of the segment
    clock     whether a running timecode is drawn
    """

    first: int
    frames: int
    key: str
    captions: tuple[Caption, ...]
    clock: bool

    @property
    def end(self) -> int:
        return self.first + self.frames

    def to_json(self) -> list[Any]:
        shown = [caption.to_json() for caption in self.captions]
        return [self.first, self.frames, self.key, shown, self.clock]

    @classmethod
    def from_json(cls, body: list[Any]) -> Segment:
        first, frames, key, shown, with_clock = body
        return cls(first, frames, key, tuple(Caption(*caption) for caption in shown), with_clock)


@dataclass(frozen=True, slots=True)
class RenderPlan:
    """All that is needed to make the picture, and what it is known to cost before it starts.

    size      of the picture that is made (width, height)
    segments  in order, without gaps; none for the soft forms, which copy the picture
    captions  of the whole film: the cue stream of the soft forms
    """

    film: Film
    recipe: Recipe
    size: tuple[int, int]
    segments: tuple[Segment, ...]
    captions: tuple[Caption, ...]

    def to_json(self) -> dict[str, Any]:
        """For a page that shows what will be made; keys are what a store is asked about."""
        return {
            "form": self.recipe.form,
            "recipe": self.recipe.hash,
            "width": self.size[0],
            "height": self.size[1],
            "rate": [self.film.rate.numerator, self.film.rate.denominator],
            "segments": [[s.first, s.frames, s.key] for s in self.segments],
        }

    def part(self, indices: Sequence[int]) -> dict[str, Any]:
        """All that is needed to make some of its segments elsewhere, with the film; JSON-safe."""
        return {
            "recipe": self.recipe.to_json(),
            "size": list(self.size),
            "segments": [self.segments[index].to_json() for index in indices],
        }

    @classmethod
    def of_part(cls, film: Film, body: dict[str, Any]) -> RenderPlan:
        """The plan of these segments alone; between them it may have gaps."""
        width, height = body["size"]
        segments = tuple(Segment.from_json(segment) for segment in body["segments"])
        return cls(film, Recipe.from_json(body["recipe"]), (width, height), segments, ())


def off_plan(what: str, where: str = "") -> ToolFailed:
    """What to raise when *what* is true of something that was made, and should not be."""
    return ToolFailed(
        "OUTPUT_INVALID",
        f"What was made is not what was planned: {what}.",
        where=where,
        advice="It is tried again; if it fails once more, an operator looks at ffmpeg and the disk.",
    )


def gops(film: Film) -> tuple[int, ...]:
    """Frames at which the film is cut: those of a picture taken as it was, else every two seconds."""
    return film.starts or tuple(range(0, film.frames, GOP_SECONDS * nominal_rate(film.rate)))


def plan_render(
    film: Film,
    cues: Sequence[Cue],
    recipe: Recipe,
    *,
    second: Sequence[Cue] | None = None,
    starts: Sequence[int] | None = None,
    stamp: Stamp | None = None,
) -> RenderPlan:
    """The plan for *film* with *cues*, whatever is cached. Pure.

    second  cues of the second track; must be given where the recipe has one, and only there
    starts  first frames of the segments; key frames of the mezzanine, so that decoding begins there
    stamp   must be given for a review build, and only for one

    Raises BadInput CUE_OUTSIDE_FILM, CUE_TOO_LONG, OVERLAP, or RECIPE for a missing stamp or track.
    """
    _refuse_bad_cues(film, cues)
    if (recipe.second is not None) != (second is not None):
        raise BadInput(
            "RECIPE",
            "The recipe shows two tracks and one was given."
            if second is None
            else "Two tracks were given and the recipe shows one.",
            where="second",
            advice="Name the second track and its place together.",
        )
    _refuse_bad_cues(film, second or (), "cue {} of the second track")
    if (recipe.form == "review") != (stamp is not None):
        raise BadInput(
            "RECIPE", "A review build carries a stamp, and nothing else does.", where="form"
        )
    size = picture_size(film, recipe)
    both = (second, recipe.second) if second is not None and recipe.second is not None else None
    whole = captions(cues, film.grid, recipe.style, both)
    if recipe.is_soft:
        return RenderPlan(film, recipe, size, (), whole)
    base = sha256(
        canonical(
            [
                ENGINE,
                film.mezzanine,
                fonts_hash(),
                header(size, recipe.style, recipe.second),
                encoder.described(recipe, size, film.rate),
                list(size),
            ]
        )
    )
    bounds = [*(gops(film) if starts is None else starts), film.frames]
    drawn = whole
    if recipe.numbers:
        drawn = tuple(sorted((*whole, *numbers(cues, film.grid)), key=lambda c: c.first))
    pieces = _cut(drawn, bounds)
    opening = round(OPENING_SECONDS * film.rate)
    segments = []
    for (first, end), piece in zip(itertools.pairwise(bounds), pieces, strict=True):
        if recipe.watermark:
            piece = (watermark(recipe.watermark, end - first), *piece)  # noqa: PLW2901
        lines = [stamp.version_line] if stamp and first < opening else []
        name = sha256(
            canonical([base, first, end, [c.to_json() for c in piece], stamp_name(stamp), lines])
        )
        if stamp:
            lines.insert(0, stamp.segment_line(name[:8]))
            note = "\\N".join(map(escaped, lines))
            piece = (*piece, Caption(0, end - first, 7, note, "note"))  # noqa: PLW2901
        segments.append(Segment(first, end - first, name, piece, stamp is not None))
    return RenderPlan(film, recipe, size, tuple(segments), whole)


def stamp_name(stamp: Stamp | None) -> list[str]:
    """The part of a stamp that every segment shows, and that therefore names it."""
    return [stamp.film, stamp.language] if stamp else []


def picture_size(film: Film, recipe: Recipe) -> tuple[int, int]:
    """Width and height of what is made: even, never larger than the film."""
    if recipe.height is None or recipe.height >= film.height:
        return film.width, film.height
    width = round(Fraction(film.width * recipe.height, film.height) / 2) * 2
    return max(2, width), recipe.height


def cost_seconds(frames: int, size: tuple[int, int], recipe: Recipe) -> float:
    """CPU seconds that encoding *frames* is likely to take, for a person who waits.

    From one measured machine (nanoseconds a pixel, x264 on one thread); a page replaces it by the speed
    that it sees.
    """
    effort = {
        "ultrafast": 6,
        "superfast": 9,
        "veryfast": 20,
        "faster": 28,
        "fast": 36,
        "medium": 45,
    }
    nanoseconds = effort.get(recipe.preset, 80) + 6  # 6: decoding and drawing
    return frames * size[0] * size[1] * nanoseconds * 1e-9


def _cut(whole: Sequence[Caption], bounds: Sequence[int]) -> list[tuple[Caption, ...]]:
    """Captions of each stretch between two bounds, counted from its start; *whole* is by first frame."""
    pieces = []
    index = 0
    running: list[Caption] = []
    for first, end in itertools.pairwise(bounds):
        while index < len(whole) and whole[index].first < end:
            running.append(whole[index])
            index += 1
        pieces.append(tuple(part for c in running if (part := c.within(first, end))))
        running = [c for c in running if c.end > end]
    return pieces


def _refuse_bad_cues(film: Film, cues: Iterable[Cue], called: str = "cue {}") -> None:
    """What would draw for minutes or not at all is refused before ffmpeg starts."""
    cues = list(cues)
    for number, cue in enumerate(cues, start=1):
        where = called.format(number)
        limits.refuse_bad_times(cue.start, cue.end, where=where)
        limits.refuse_long_text(cue.text, where=where)
        if cue.end > film.duration + limits.MAX_BEYOND_FILM:
            after = (cue.end - film.duration) / FLICKS_PER_SECOND
            raise BadInput(
                "CUE_OUTSIDE_FILM",
                f"{where.capitalize()} ends {after:.3f} s after the film, at {clock(cue.end)}.",
                where=where,
                advice="Align the track to this film, or remove the cue.",
                details={"cue": cue.uid},
            )
    limits.refuse_too_many(len(cues))
    limits.refuse_crowd(
        [(c.start, c.end) for c in cues], [called.format(n) for n, _ in enumerate(cues, 1)]
    )
