"""The stems of a final dub: mix, dialogue, bed, every line, cue sheet and loudness, in one archive."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from pathlib import Path

from sqlalchemy import func, select

from workflow.dub.blocks import Notes
from workflow.dub.mix import TARGETS, write_stems
from workflow.dub.plot import loudness_plot
from workflow.dub.script import cue_sheet
from workflow.dub.sound import write_wav
from workflow.errors import BadInput, Conflict, NotFound
from workflow.people import Actor
from workflow.progress import Watch, part
from workflow.render.recipe import Recipe
from workflow.stages import show
from workflow.stages.documents import load_cues
from workflow.stages.films import file_view
from workflow.stages.mixes import kept_notes, make_mix, mixed, script_of, write_mix
from workflow.stages.running import Settle
from workflow.stages.segments import LedgerSegments
from workflow.stages.views import FileView, JobView
from workflow.store import audit, ledger
from workflow.store.database import in_whole
from workflow.store.house import House
from workflow.store.ledger import Claimed
from workflow.store.tables import (
    Job,
    Render,
    Segment,
    Track,
    TrackVersion,
)

STEMS_VERSION = "stems/1"


@in_whole
def start_stems(house: House, actor: Actor, render_id: str) -> JobView:
    """Queue the stems of a final dub: mix, dialogue, bed, lines, cue sheet and loudness report in one archive.

    Raises BadInput KIND; Conflict NOT_RENDERED.
    """
    with house.write() as session:
        render = show.row(session, Render, render_id)
        version = show.row(session, TrackVersion, render.version_id)
        track = show.row(session, Track, version.track_id)
        if track.kind != "dub":
            raise BadInput("KIND", "Only a dub has stems.")
        if render.output is None:
            raise Conflict("NOT_RENDERED", "The final render is not done yet.")
        # those that had to make room are made again by a job of their own
        done = select(func.count()).where(
            Job.kind == "stems", Job.subject == render_id, Job.state == "done"
        )
        gone = session.get(Segment, _stems_key(render_id)) is None
        times = (session.scalar(done) or 0) + gone
        key = [STEMS_VERSION, render.id, render.output, times]
        job = ledger.create(
            session,
            kind="stems",
            queue="render",
            key=key,
            params={"render": render.id, "version": version.id},
            subject=render.id,
            project_id=track.project_id,
            created_by=actor.user_id,
        )
        audit.note(session, actor.user_id, "stems.start", "render", render_id)
        return show.job_view(session, job)


def _stems_key(render_id: str) -> str:
    return f"{STEMS_VERSION} {render_id}"


def stems_file(house: House, render_id: str) -> FileView:
    """The archive. Raises NotFound where it is not made yet, or had to make room."""
    with house.read() as session:
        render = show.row(session, Render, render_id)
        kept = session.get(Segment, _stems_key(render_id))
        if kept is None:
            raise NotFound("NOT_FOUND", "The stems are not made yet.", advice="Ask for them first.")
        name = f"{render.file_name.rpartition('.')[0]}.stems.zip"
        return replace(file_view(session, kept.sha256, name), media_type="application/zip")


def run_stems(house: House, claimed: Claimed, watch: Watch, work: Path) -> Settle:
    """All files begin with the film's first sample and have its length; lines begin with themselves."""
    render_id = claimed.params["render"]
    with house.read() as session:
        render = show.row(session, Render, render_id)
        version = show.row(session, TrackVersion, render.version_id)
        recipe = Recipe.from_json(render.recipe)
        track_id, document = version.track_id, version.document
    if recipe.mix is None:
        raise BadInput("KIND", "Only a dub has stems.")
    segments = LedgerSegments(house)
    script = script_of(house, track_id, load_cues(house, document), recipe.mix)
    made = make_mix(house, script, segments, watch=part(watch, 0, 400))
    folder = work / "stems"
    (folder / "lines").mkdir(parents=True)
    write_mix(house, made, segments, folder / "mix.wav")
    notes = Notes(kept_notes(script, segments).get("notes"))
    with mixed(house, script, segments, notes) as (mix, ready, _):
        write_stems(mix, folder, made.blocks.report.gain_db, watch=part(watch, 400, 800))
        heard = [place for place in script.placements if place.in_mix]
        for place, line in zip(heard, ready, strict=True):
            write_wav(folder / "lines" / f"{place.number:03d}.wav", line.samples)
    status = [(p.status, f"cut {p.cut} syllables" if p.cut else "") for p in script.placements]
    (folder / "cue-sheet.csv").write_text(
        cue_sheet(script.lines, status), encoding="utf-8-sig", newline=""
    )
    target = TARGETS[recipe.mix.loudness]
    (folder / "loudness.svg").write_text(loudness_plot(made.blocks.cells, target), encoding="utf-8")
    (folder / "loudness.json").write_text(json.dumps(made.to_json(), indent=1), encoding="utf-8")
    archive = work / "stems.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as zipped:
        for number, file in enumerate(sorted(folder.rglob("*"))):
            if file.is_file():
                zipped.write(file, file.relative_to(folder).as_posix())
            watch(min(990, 800 + number), "Packing the stems")
    segments.put(_stems_key(render_id), archive)
    return lambda session: render_id
