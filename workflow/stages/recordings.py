"""Long sound files of a dub: received whole or by upload, located, cut into takes; and its M&E stem."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from sqlalchemy import select

from workflow.dub.film import FLICKS_PER_SAMPLE
from workflow.dub.locate import Located
from workflow.dub.locate import Take as Found
from workflow.dub.script import spoken_text
from workflow.dub.sound import (
    RATE,
    Samples,
    decoded,
    one_voice,
    write_wav,
)
from workflow.dub.stem import examine_stem
from workflow.errors import BadInput, Conflict, TerjimeError
from workflow.locating import locate_in
from workflow.media.container import sniff
from workflow.media.facts import Finding
from workflow.media.names import display_name
from workflow.media.probe import examine
from workflow.people import Actor
from workflow.progress import Watch, part
from workflow.stages import show
from workflow.stages.documents import load_cues
from workflow.stages.drafts import draft_row
from workflow.stages.dubs import dub_row, text_hash
from workflow.stages.films import known_film
from workflow.stages.running import Settle
from workflow.stages.sounds import (
    WAV,
    media_type,
    scratch,
)
from workflow.stages.takes import SHORTEST, choose_takes
from workflow.stages.uploads import refuse_upload, upload_view, whole_upload
from workflow.stages.views import JobView
from workflow.store import audit, ledger
from workflow.store.database import in_whole
from workflow.store.house import House, remember_blob
from workflow.store.ledger import Claimed
from workflow.store.tables import Film, Recording, Take, Track, Upload, new_id
from workflow.timebase import FLICKS_PER_SECOND

LOCATE_VERSION = "locate/1"
_BEFORE, _AFTER = (
    0.010,
    0.080,
)  # seconds kept around a located take: under the fade, and the room's answer


def receive_long(house: House, actor: Actor, track_id: str, file: Path, *, name: str) -> str:
    """A long recording, which is then located; its id. *file* is moved. The same one again is that one.

    Where it cannot be located now, for want of a script say, it is kept with the reason: a person tries again.

    Raises BadInput as `sniff` and `examine` do, NO_SOUND.
    """
    container = sniff(file, name=name)
    seconds = _seconds(file, name)
    blob = (*house.blobs.publish(file), media_type(container))
    recording_id = _keep_long(house, actor, track_id, blob, display_name(name), seconds)
    try:
        start_locating(house, actor, recording_id)
    except (BadInput, Conflict) as refusal:
        _keep_refusal(house, recording_id, refusal)
    return recording_id


@in_whole
def _keep_refusal(house: House, recording_id: str, refusal: TerjimeError) -> None:
    with house.write() as session:
        row = show.row(session, Recording, recording_id)
        row.state, row.error = "failed", refusal.to_json()


def _seconds(file: Path, name: str) -> float:
    found = examine(file, name=name)
    if found.sound is None:
        raise BadInput(
            "NO_SOUND",
            "There is no sound in this file.",
            where=name,
            advice="Nothing was changed. Choose another file.",
        )
    return (found.sound.end - found.sound.start) / FLICKS_PER_SECOND


@in_whole
def _keep_long(
    house: House,
    actor: Actor,
    track_id: str,
    blob: tuple[str, int, str],
    name: str,
    seconds: float,
) -> str:
    with house.write() as session:
        dub_row(session, track_id)
        known = session.scalars(
            select(Recording).where(
                Recording.track_id == track_id,
                Recording.sha256 == blob[0],
                Recording.kind == "long",
            )
        ).first()
        if known is not None:
            return known.id
        remember_blob(session, *blob)
        row = Recording(
            id=new_id(),
            track_id=track_id,
            sha256=blob[0],
            name=name,
            kind="long",
            line_uid=None,
            seconds=seconds,
            findings=[],
            state="received",
            created_by=actor.user_id,
        )
        session.add(row)
        session.flush()
        audit.note(
            session, actor.user_id, "recording.add", "recording", row.id, sha256=blob[0], name=name
        )
        return row.id


@in_whole
def start_locating(house: House, actor: Actor, recording_id: str) -> JobView:
    """Look for the dub's lines, as they are worded now, in a long recording. Twice is as once.

    Raises BadInput SCRIPT_EMPTY, KIND.
    """
    with house.write() as session:
        row = show.row(session, Recording, recording_id)
        track = show.row(session, Track, row.track_id)
        if row.kind != "long":
            raise BadInput("KIND", "Only a long recording is located.")
        cues = load_cues(house, draft_row(session, track.id).document)
        lines = [[cue.uid, spoken_text(cue.text)] for cue in cues if spoken_text(cue.text)]
        if not lines:
            raise BadInput(
                "SCRIPT_EMPTY",
                "The script has no line with words to speak.",
                advice="The recording is kept. Write the lines, then search again.",
            )
        job = ledger.create(
            session,
            kind="locate",
            queue="fast",
            key=[LOCATE_VERSION, row.id, row.sha256, track.language, lines],
            params={"recording": row.id, "language": track.language, "lines": lines},
            subject=row.id,
            project_id=track.project_id,
            created_by=actor.user_id,
        )
        row.job_id = job.id
        row.state = "located" if job.state == "done" else "locating"
        row.error = None
        audit.note(session, actor.user_id, "recording.locate", "recording", row.id, job=job.id)
        session.flush()
        return show.job_view(session, job)


def run_locate(house: House, claimed: Claimed, watch: Watch, work: Path) -> Settle:
    """Takes of every line that was found; those that are sure are accepted, and heard where none is."""
    recording_id, lines = claimed.params["recording"], claimed.params["lines"]
    with house.read() as session:
        row = show.row(session, Recording, recording_id)
        sha256, track_id, owner = row.sha256, row.track_id, row.created_by
    file = house.blobs.existing(sha256)
    located, findings = locate_in(
        file, [text for _, text in lines], claimed.params["language"], part(watch, 0, 850)
    )
    cuts = _cuts(located)
    sounds = _cut(house, file, [cut for _, cut in cuts], work, part(watch, 850, 980))
    takes = [
        (lines[line][0], lines[line][1], found, cut, sound)
        for (line, found), (_, cut), sound in zip(
            [(n, take) for n, one in enumerate(located.lines) for take in one.takes],
            cuts,
            sounds,
            strict=True,
        )
    ]
    _keep_located(house, claimed, track_id, owner, takes, findings)
    offered = {
        lines[n][0]: sounds[sum(len(one.takes) for one in located.lines[:n]) + one.chosen][0]
        for n, one in enumerate(located.lines)
        if one.take is not None and one.take.sure and one.chosen is not None
    }
    choose_takes(house, Actor(owner), track_id, offered, where_none=True)
    return lambda session: recording_id


def _cuts(located: Located) -> list[tuple[int, tuple[int, int]]]:
    """Line and [first, last) samples of each take, with a little around it but nothing of the next."""
    starts = sorted(take.start for line in located.lines for take in line.takes)
    cuts = []
    for number, line in enumerate(located.lines):
        for take in line.takes:
            following = next((start for start in starts if start > take.start), float("inf"))
            first = max(0, round((take.start - _BEFORE) * RATE))
            end = max(take.end, min(take.end + _AFTER, following - _BEFORE))
            cuts.append((number, (first, max(first + SHORTEST, round(end * RATE)))))
    return cuts


def _cut(
    house: House,
    file: Path,
    cuts: Sequence[tuple[int, int]],
    work: Path,
    watch: Watch,
) -> list[tuple[str, int, str]]:
    """Every stretch as a blob of its own, the file read once: an hour of it is never in memory."""
    found = examine(file, name="")
    index = found.sound.index if found.sound else None
    waiting = sorted(range(len(cuts)), key=lambda n: cuts[n][0])
    open_: dict[int, list[Samples]] = {}
    made: dict[int, tuple[str, int, str]] = {}
    place = 0

    def finish(number: int) -> None:
        pieces = open_.pop(number)
        whole = np.concatenate(pieces) if pieces else np.zeros((0, 2), np.float32)
        missing = cuts[number][1] - cuts[number][0] - len(whole)
        whole = np.concatenate([whole, np.zeros((max(0, missing), 2), np.float32)])
        path = work / f"take-{number}.wav"
        write_wav(path, one_voice(whole))
        made[number] = (*house.blobs.publish(path), WAV)

    for block in decoded(file, stream=index, watch=watch):
        end = place + len(block)
        while waiting and cuts[waiting[0]][0] < end:
            open_[waiting.pop(0)] = []
        for number in list(open_):
            first, last = cuts[number]
            piece = block[max(0, first - place) : max(0, last - place)]
            open_[number].append(piece.copy())
            if last <= end:
                finish(number)
        place = end
    for number in [*open_, *waiting]:
        open_.setdefault(number, [])
        finish(number)
    return [made[number] for number in range(len(cuts))]


@in_whole
def _keep_located(
    house: House,
    claimed: Claimed,
    track_id: str,
    owner: str,
    takes: Sequence[tuple[str, str, Found, tuple[int, int], tuple[str, int, str]]],
    findings: Sequence[Finding],
) -> None:
    """The takes that are not there yet: a job that is run again makes none twice."""
    with house.write() as session:
        row = session.scalars(
            select(Recording).where(Recording.id == claimed.params["recording"]).with_for_update()
        ).one()
        known = {
            (take.line_uid, take.start, take.end, take.text_hash)
            for take in session.scalars(select(Take).where(Take.recording_id == row.id))
        }
        for uid, text, found, cut, sound in takes:
            start, end = (sample * FLICKS_PER_SAMPLE for sample in cut)
            if (uid, start, end, text_hash(text)) in known:
                continue
            remember_blob(session, *sound)
            session.add(
                Take(
                    id=new_id(),
                    track_id=track_id,
                    line_uid=uid,
                    text_hash=text_hash(text),
                    recording_id=row.id,
                    sha256=sound[0],
                    start=start,
                    end=end,
                    confidence=round(found.confidence, 4),
                    flags=list(found.flags),
                    evidence={k: round(float(v), 4) for k, v in found.evidence._asdict().items()},
                    state="accepted" if found.sure else "to_confirm",
                    comment="",
                    created_by=owner,
                )
            )
        row.state, row.error = "located", None
        row.findings = [asdict(finding) for finding in findings]


# --- uploads ------------------------------------------------------------------------------------


def finish_sound_upload(
    house: House, actor: Actor, upload_id: str, purpose: str, track_id: str
) -> None:
    """All bytes of a recording or stem are here. Twice is as once.

    A recording is located; a stem becomes that of the dub's settings. Raises BadInput as `receive_long`
    and `examine_stem` do; Conflict UPLOAD_INCOMPLETE, UPLOAD_CLOSED.
    """
    upload = upload_view(house, upload_id)
    if upload.state == "done":
        return
    file = whole_upload(house, upload)
    try:
        with scratch(house) as staged:
            os.link(file, staged)
            if purpose == "stem":
                receive_stem(house, actor, track_id, staged, upload.name)
            else:
                receive_long(house, actor, track_id, staged, name=upload.name)
    except BadInput as error:
        refuse_upload(house, actor, upload_id, error)
        raise
    _end_upload(house, upload_id)
    file.unlink(missing_ok=True)


@in_whole
def _end_upload(house: House, upload_id: str) -> None:
    with house.write() as session:
        show.row(session, Upload, upload_id).state = "done"


def receive_stem(house: House, actor: Actor, track_id: str, file: Path, name: str) -> None:
    """An M&E stem, from then on that of the dub's settings. Raises BadInput as `examine_stem` does."""
    container = sniff(file, name=name)
    with house.read() as session:
        film = known_film(
            session, show.row(session, Film, show.row(session, Track, track_id).film_id)
        )
    examine_stem(file, film.duration // FLICKS_PER_SAMPLE, name=name)
    blob = (*house.blobs.publish(file), media_type(container))
    _keep_stem(house, actor, track_id, blob)


@in_whole
def _keep_stem(house: House, actor: Actor, track_id: str, blob: tuple[str, int, str]) -> None:
    with house.write() as session:
        remember_blob(session, *blob)
        dub = dub_row(session, track_id)
        dub.stem, dub.settings = blob[0], dub.settings | {"stem": blob[0]}
        audit.note(session, actor.user_id, "dub.stem", "track", track_id, sha256=blob[0])
