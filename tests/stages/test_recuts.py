"""A film cut anew takes its track along."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from imageio_ffmpeg import get_ffmpeg_exe

from tests.builders import Team, ready_film, srt, submitted, track_on
from workflow import stages
from workflow.errors import BadInput
from workflow.store.house import remember_blob
from workflow.store.tables import FilmFile
from workflow.timebase import FLICKS_PER_SECOND

SAMPLE = Path(__file__).parents[2] / "samples" / "rights.mp4"
LINES = [(1 + 4 * n, 3 + 4 * n, f"Setir {n}") for n in range(14)]


def film_of(people: Team, out: Path, graph: str) -> str:
    """A film with that sound of the sample."""
    film = ready_film(people, name=out.name)
    command = [get_ffmpeg_exe(), "-v", "error", "-i", SAMPLE, "-af", graph, "-vn", out]
    subprocess.run(command, check=True)
    sha256, size = people.house.blobs.put_bytes(out.read_bytes())
    with people.house.write() as session:
        remember_blob(session, sha256, size, "audio/flac")
        session.get_one(FilmFile, {"film_id": film, "role": "sound"}).sha256 = sha256
    return film


def test_the_track_goes_to_the_new_cut_and_only_what_a_cut_touched_is_named(
    people: Team, tmp_path: Path
) -> None:
    old = film_of(people, tmp_path / "old.flac", "atrim=0:60")
    new = film_of(
        people, tmp_path / "new.flac", "aselect='lt(t,20)+between(t,31.9,60)',asetpts=N/SR/TB"
    )
    track = track_on(people, old, srt(*LINES)).summary.id
    submitted(people, track)
    stages.start_recut(people.house, people.translator, track, new)
    stages.run_waiting(people.house)
    job = stages.start_recut(people.house, people.translator, track, new)
    assert job.state == "done"
    made = stages.track_view(people.house, job.output, people.translator)
    assert made.film.id == new
    before = {cue.text: cue for cue in stages.load_draft(people.house, track)}
    after = {cue.text: cue for cue in stages.load_draft(people.house, job.output)}
    assert set(before) - set(after) == {"Setir 5", "Setir 6", "Setir 7"}
    assert all(after[text].uid == before[text].uid for text in after)
    moved = [round((after[t].start - before[t].start) / FLICKS_PER_SECOND, 1) for t in after]
    assert moved == [0.0] * 5 + [-11.9] * 6
    told = stages.draft_history(people.house, job.output)[0].told
    assert told is not None
    assert [cue["text"] for cue in told["gone"]] == ["Setir 5", "Setir 6", "Setir 7"]
    assert told["torn"] == []


def test_a_film_of_another_project_is_no_cut_of_this_one(people: Team) -> None:
    film = ready_film(people)
    track = track_on(people, film).summary.id
    for other in (film, "nothing"):
        with pytest.raises(BadInput, match="NOT_ANOTHER_CUT"):
            stages.start_recut(people.house, people.translator, track, other)
