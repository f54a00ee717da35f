"""An approved version with final renders, their bytes a real film: what packages begin with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.builders import Team, approved, ready_film, track_on
from workflow.render.recipe import Recipe
from workflow.stages.views import VersionView
from workflow.store import ledger
from workflow.store.house import remember_blob
from workflow.store.tables import Job, Render, Verdict
from workflow.tracks.cues import canonical


def approved_version(people: Team, **film: Any) -> VersionView:
    return approved(people, track_on(people, ready_film(people, **film)).summary.id)


def finished(people: Team, version: VersionView, file: Path, **recipe: Any) -> str:
    """A final render as its job leaves it; the id."""
    house, wanted = people.house, Recipe.from_json(recipe)
    sha256, size = house.blobs.put_bytes(file.read_bytes())
    manifest, length = house.blobs.put_bytes(
        canonical({"form": "terjime-manifest/1", "output": {"sha256": sha256}})
    )
    suffix = "mkv" if wanted.form == "soft-mkv" else "mp4"
    with house.write() as session:
        remember_blob(session, sha256, size, "video/mp4")
        remember_blob(session, manifest, length, "application/json")
        job = ledger.create(
            session,
            kind="render",
            queue="render",
            key=[version.id, wanted.hash],
            params={},
            subject=version.id,
            project_id=people.project_id,
            created_by=people.producer_id,
        )
        session.get_one(Job, job.id).state = "done"
        render = Render(
            version_id=version.id,
            verdict_id=session.query(Verdict).filter_by(version_id=version.id).one().id,
            job_id=job.id,
            recipe=wanted.to_json(),
            recipe_hash=wanted.hash,
            file_name=f"film.tk.v{version.number}.{wanted.form}.{suffix}",
            output=sha256,
            manifest=manifest,
            report={
                "form": wanted.form,
                "width": 320,
                "height": 240,
                "frames": 50,
                "duration": 1_411_200_000,
                "bytes": size,
                "has_sound": True,
                "encoded_frames": 50,
            },
            created_by=people.producer_id,
        )
        session.add(render)
        session.flush()
        return render.id
