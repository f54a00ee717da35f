"""One render as many small jobs: the picture's missing segments, and the sound, made by any worker.

A part carries the plan of its own segments and needs nothing but the film; what it makes goes into the
segments, where the render finds it when all its parts are over.
"""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from sqlalchemy.orm import Session

from workflow.progress import Watch
from workflow.progress import part as part_of
from workflow.render.plan import RenderPlan
from workflow.render.recipe import Recipe
from workflow.render.run import RUN_FRAMES, as_runs, encode_run, missing
from workflow.render.sound import keep_sound, sound_key
from workflow.stages import show
from workflow.stages.films import known_film
from workflow.stages.frames import frames_of_film
from workflow.stages.running import Settle
from workflow.stages.segments import LedgerSegments
from workflow.store import ledger
from workflow.store.house import House
from workflow.store.ledger import Claimed, Part
from workflow.store.tables import Film

PART_FRAMES = RUN_FRAMES  # 20 s of film: what a worker that is lost may cost
# Frames of film left, frames a part from there on.
ENDING = ((PART_FRAMES, PART_FRAMES // 4), (4 * PART_FRAMES, PART_FRAMES // 2))
MAKING = "Encoding the picture"


def split(
    house: House,
    claimed: Claimed,
    plan: RenderPlan,
    film_id: str,
    sound: str | None,
    segments: LedgerSegments,
    *,
    rank: int,
) -> Settle | None:
    """Leave what *plan* misses to other jobs; None if it is so little that it is best done here.

    sound    SHA-256 of the film's FLAC; None if it is silent
    rank     of the parts, see `store.line`
    """
    keys = [segment.key for segment in plan.segments]
    sound_is = sound_key(plan.film, plan.recipe) if sound else None
    segments.look_up([*keys, *([sound_is] if sound_is else [])])
    gone = missing(plan, segments)
    frames = sum(plan.segments[index].frames for index in gone)
    if frames <= PART_FRAMES:
        return None
    parts = _parts(plan, gone, film_id)
    if sound_is and not segments.has(sound_is):
        params = {"film": film_id, "sound": sound, "recipe": plan.recipe.to_json()}
        parts.insert(0, Part([sound_is], params, 0))

    def settle(session: Session) -> None:
        ledger.wait_for_parts(session, claimed, parts, rank, MAKING)

    return settle


def stretch(first: int, frames: int) -> tuple[int, int]:
    """The name of the stretch of a film of *frames* that the segment at frame *first* is made with.

    The stretches lie where they lie for every render of the film, so two renders that miss the same
    share their parts. Toward the end they get shorter, so that the workers finish at about one time:
    guided self-scheduling (Polychronopoulos and Kuck 1987) in three steps.
    """
    length = next((short for left, short in ENDING if frames - first <= left), PART_FRAMES)
    return length, first // length


def _parts(plan: RenderPlan, gone: list[int], film_id: str) -> list[Part]:
    """The segments at *gone* by stretches of the film, in its order."""
    frames = sum(segment.frames for segment in plan.segments)
    parts = []
    for _, group in groupby(gone, key=lambda index: stretch(plan.segments[index].first, frames)):
        indices = list(group)
        keys = [plan.segments[index].key for index in indices]
        made = sum(plan.segments[index].frames for index in indices)
        parts.append(Part(keys, {"film": film_id} | plan.part(indices), made))
    return parts


def run_encode(house: House, claimed: Claimed, watch: Watch, work: Path) -> Settle:
    """Make the segments of one part that are not there yet, or the sound."""
    params = claimed.params
    with house.read() as session:
        film = known_film(session, show.row(session, Film, params["film"]))
    segments = LedgerSegments(house)
    ffmpeg = house.settings.ffmpeg
    if "sound" in params:
        keep_sound(
            film,
            Recipe.from_json(params["recipe"]),
            house.blobs.existing(film.packets),
            house.blobs.existing(params["sound"]),
            segments,
            work=work,
            watch=watch,
            ffmpeg=ffmpeg,
        )
        return lambda session: params["film"]
    plan = RenderPlan.of_part(film, params)
    segments.look_up([segment.key for segment in plan.segments])
    runs = as_runs(plan, missing(plan, segments))
    frames = [sum(segment.frames for segment in run.of(plan)) for run in runs]
    stretches = [(segment.first, segment.end) for run in runs for segment in run.of(plan)]
    mezzanine = frames_of_film(house, params["film"], film.mezzanine, stretches)
    for number, run in enumerate(runs):
        begun, ended = (1000 * sum(frames[:n]) // sum(frames) for n in (number, number + 1))
        encode_run(
            plan,
            run,
            mezzanine,
            segments,
            work=work,
            watch=part_of(watch, begun, ended),
            ffmpeg=ffmpeg,
            stall_seconds=house.settings.stall_seconds,
        )
    return lambda session: params["film"]
