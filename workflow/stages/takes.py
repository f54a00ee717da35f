"""Recordings and the takes cut from them: received, located, heard by a person, chosen.

Nothing is ever deleted: a take whose edges are moved is a new take, and the old one stays. What a person
said of a located take is kept as an example to refit the confidence with.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow.align.speech import detect_speech
from workflow.dub.features import RATE as LOCATING_RATE
from workflow.dub.film import FLICKS_PER_SAMPLE
from workflow.dub.locate import Located, locate
from workflow.dub.locate import Take as Found
from workflow.dub.script import spoken_text
from workflow.dub.sound import (
    RATE,
    Samples,
    decoded,
    one_voice,
    original_rate,
    read_recording,
    stretch_of,
    write_wav,
)
from workflow.dub.voice import speak
from workflow.errors import BadInput, NotFound
from workflow.media.container import ends_early, sniff
from workflow.media.facts import Finding
from workflow.media.ffmpeg import DEMUXERS
from workflow.media.names import display_name
from workflow.media.probe import examine
from workflow.people import Actor
from workflow.progress import Watch, part
from workflow.stages import show
from workflow.stages.documents import load_cues
from workflow.stages.drafts import draft_row, save_as
from workflow.stages.dubs import DubView, dub_row, dub_view, text_hash
from workflow.stages.films import (
    file_view,
    known_film,
    refuse_upload,
    upload_view,
    whole_upload,
)
from workflow.stages.running import Settle
from workflow.stages.views import FileView, JobView
from workflow.store import audit, ledger
from workflow.store.database import in_whole
from workflow.store.house import House, remember_blob
from workflow.store.ledger import Claimed
from workflow.store.tables import Film, Recording, Take, TakeLabel, Track, Upload, new_id
from workflow.timebase import FLICKS_PER_SECOND, Flicks
from workflow.tracks.cues import Cue

LOCATE_VERSION = "locate/1"
LINE_BYTES = 64 << 20  # of one line's recording: some minutes of 24-bit WAV
PEAKS_PER_SECOND = 50
LONGEST_STRETCH = 600 * FLICKS_PER_SECOND  # of a recording, to hear or draw at once
_STEM_OFF = 0.5  # seconds that a stem may be longer or shorter than its film
_SHORTEST = RATE // 20  # samples of a take
_BEFORE, _AFTER = (
    0.010,
    0.080,
)  # seconds kept around a located take: under the fade, and the room's answer
_WAV, _FLAC = "audio/wav", "audio/flac"
_MEDIA_TYPES = {
    "wav": _WAV,
    "flac": _FLAC,
    "mp3": "audio/mpeg",
    "ogg": "audio/ogg",
    "aac": "audio/aac",
}


@dataclass(frozen=True)
class Received:
    """A recording of one line, and the take that it became."""

    recording: str
    take: str
    state: str
    findings: list[dict[str, Any]]
    etag: str  # of the draft, which may name the take now


@dataclass(frozen=True)
class Peaks:
    """A wave to draw: lowest and highest of each stretch, -127 to 127; *start* is flicks of the first."""

    per_second: int
    points: list[int]
    start: int


# --- one line -----------------------------------------------------------------------------------


def receive_line(
    house: House,
    actor: Actor,
    track_id: str,
    file: Path,
    *,
    line: str,
    name: str = "",
    start: int | None = None,
    end: int | None = None,
    latency: int = 0,
    missing: int = 0,
) -> Received:
    """A recording of one line, WAV or FLAC, and its take: accepted, and chosen if the line has none.

    file        is moved
    start, end  samples at 48 kHz where the take lies in it; all of it unless given
    latency     samples that were taken off already
    missing     samples that the browser knows it lost

    The same file for the same line again is the same take. Raises NotFound NO_SUCH_LINE; BadInput
    NOT_A_RECORDING, TAKE_LENGTH, and whatever `read_recording` raises.
    """
    container = sniff(file, name=name)
    if container not in ("wav", "flac"):
        raise BadInput(
            "NOT_A_RECORDING",
            f"A line is recorded as WAV or FLAC; this is {container}.",
            advice="Send longer recordings in other formats as one, to be located.",
        )
    heard = read_recording(file)
    findings = [*heard.findings, *_about(file, container)]
    first, last = start or 0, len(heard.samples) if end is None else end
    if not 0 <= first < last <= len(heard.samples) or last - first < _SHORTEST:
        raise BadInput(
            "TAKE_LENGTH",
            f"A take is at least {_SHORTEST / RATE} s of its recording, which has {heard.seconds:.3f} s.",
            advice="Record the line again.",
        )
    with house.read() as session:
        dub_row(session, track_id)
        cue = _cue_of(house, session, track_id, line)
    sound = _publish_take(house, heard.samples[first:last])
    original = (*house.blobs.publish(file), _MEDIA_TYPES[container])
    return _record_line(
        house,
        actor,
        Recording(
            id=new_id(),
            track_id=track_id,
            sha256=original[0],
            name=display_name(name or f"line.{container}"),
            kind="line",
            line_uid=line,
            seconds=heard.seconds,
            findings=[asdict(finding) for finding in findings],
            state="located",
            created_by=actor.user_id,
        ),
        Take(
            id=new_id(),
            track_id=track_id,
            line_uid=line,
            text_hash=text_hash(cue.text),
            sha256=sound[0],
            start=first * FLICKS_PER_SAMPLE,
            end=last * FLICKS_PER_SAMPLE,
            flags=["missing_samples"] if missing else [],
            state="accepted",
            missing_samples=max(0, missing),
            latency_samples=max(0, latency),
            comment="",
            created_by=actor.user_id,
        ),
        [original, sound],
    )


def _about(file: Path, container: str) -> Iterator[Finding]:
    """What a person should know of how it was recorded."""
    rate = original_rate(file) or RATE
    if rate != RATE and rate >= 16_000:
        yield Finding("OTHER_RATE", f"Recorded at {rate} Hz; it was brought to {RATE} Hz.")
    if ends_early(file, container):
        yield Finding("TRUNCATED", "The file says that it is longer: its end may be missing.")


def _cue_of(house: House, session: Session, track_id: str, uid: str) -> Cue:
    for cue in load_cues(house, draft_row(session, track_id).document):
        if cue.uid == uid:
            return cue
    raise NotFound("NO_SUCH_LINE", "The dub has no such line.", where=uid[:64])


def _publish_take(house: House, samples: Samples) -> tuple[str, int, str]:
    with scratch(house) as file:
        write_wav(file, samples)
        return (*house.blobs.publish(file), _WAV)


@contextmanager
def scratch(house: House) -> Iterator[Path]:
    """A name for a file on the filesystem of the work, which is gone afterwards."""
    file = house.settings.work_dir / f"sound-{uuid.uuid4().hex}"
    try:
        yield file
    finally:
        file.unlink(missing_ok=True)


def _record_line(
    house: House,
    actor: Actor,
    recording: Recording,
    take: Take,
    blobs: Sequence[tuple[str, int, str]],
) -> Received:
    recording_id, take_id = _keep_line(house, actor, recording, take, blobs)
    with house.read() as session:
        row, kept = show.row(session, Recording, recording_id), show.row(session, Take, take_id)
        track_id, line, sound = row.track_id, kept.line_uid, kept.sha256
        told = (kept.state, list(row.findings))
    if told[0] == "accepted":
        choose_takes(house, actor, track_id, {line: sound}, where_none=True)
    with house.read() as session:
        etag = draft_row(session, track_id).document
    return Received(recording_id, take_id, told[0], told[1], etag)


@in_whole
def _keep_line(
    house: House,
    actor: Actor,
    recording: Recording,
    take: Take,
    blobs: Sequence[tuple[str, int, str]],
) -> tuple[str, str]:
    """Rows of a line's recording and take; the ids of those that were there if it came twice."""
    fields = _columns(recording), _columns(take)
    with house.write() as session:
        known = session.execute(
            select(Recording.id, Take.id)
            .join(Take, Take.recording_id == Recording.id)
            .where(
                Recording.track_id == recording.track_id,
                Recording.line_uid == take.line_uid,
                Recording.sha256 == recording.sha256,
                Take.start == take.start,
                Take.end == take.end,
            )
        ).first()
        if known is not None:
            return known[0], known[1]
        for blob in blobs:
            remember_blob(session, *blob)
        row = Recording(**fields[0])
        session.add(row)
        session.flush()
        session.add(Take(**fields[1] | {"recording_id": row.id}))
        session.flush()
        audit.note(
            session,
            actor.user_id,
            "recording.add",
            "recording",
            row.id,
            line=take.line_uid,
            sha256=row.sha256,
        )
        return row.id, fields[1]["id"]


def _columns(row: Recording | Take) -> dict[str, Any]:
    """Values that were given, so that a transaction that is tried again makes a new row of them."""
    return {k: v for k, v in vars(row).items() if not k.startswith("_")}


def choose_takes(
    house: House,
    actor: Actor,
    track_id: str,
    chosen: Mapping[str, str],
    *,
    where_none: bool = False,
) -> None:
    """Have lines heard with these sounds (uid → SHA-256; "" for none), as one save of the draft.

    where_none  only lines that are heard with no take yet
    """

    def change(cues: tuple[Cue, ...], _etag: str) -> tuple[tuple[Cue, ...], str, int]:
        after = tuple(
            replace(cue, take=chosen[cue.uid])
            if cue.uid in chosen and not (where_none and cue.take)
            else cue
            for cue in cues
        )
        return after, "edit", 0

    save_as(house, actor, track_id, change)


# --- what a person says of a take ---------------------------------------------------------------


def judge_take(
    house: House,
    actor: Actor,
    take_id: str,
    verdict: str,
    *,
    start: Flicks | None = None,
    end: Flicks | None = None,
    choose: bool | None = None,
) -> DubView:
    """A person heard a take: accepted, rejected, moved to other edges, or to_confirm: the last word taken back.

    start, end  of a moved take: flicks of its recording
    choose      have the line heard with it; None: if it has no take yet

    A moved take is a new one; the old one is rejected. Raises NotFound; BadInput VERDICT, TAKE_LENGTH.
    """
    if verdict not in ("accepted", "rejected", "moved", "to_confirm"):
        raise BadInput("VERDICT", "A take is accepted, rejected, moved or to_confirm.")
    with house.read() as session:
        take = show.row(session, Take, take_id)
        track_id, line = take.track_id, take.line_uid
        recording = show.row(session, Recording, take.recording_id)
        source, seconds = recording.sha256, recording.seconds
    moved: tuple[str, int, str] | None = None
    edges = (0, 0)
    if verdict == "moved":
        edges = _edges(start, end, seconds)
        sound = stretch_of(
            house.blobs.existing(source), edges[0] / FLICKS_PER_SECOND, edges[1] / FLICKS_PER_SECOND
        )
        edges = (edges[0], edges[0] + len(sound) * FLICKS_PER_SAMPLE)
        if len(sound) < _SHORTEST:
            raise _take_length(seconds)
        moved = _publish_take(house, sound)
    heard, silenced = _judge(house, actor, take_id, verdict, edges, moved)
    with house.read() as session:
        cue = next(
            (c for c in load_cues(house, draft_row(session, track_id).document) if c.uid == line),
            None,
        )
    if cue is not None:
        was_heard = cue.take in silenced
        if heard and (choose or was_heard or (choose is None and not cue.take)):
            choose_takes(house, actor, track_id, {line: heard})
        elif was_heard:
            choose_takes(house, actor, track_id, {line: ""})
    return dub_view(house, track_id)


def _edges(start: Flicks | None, end: Flicks | None, seconds: float) -> tuple[Flicks, Flicks]:
    """Whole samples. Raises BadInput TAKE_LENGTH."""
    if start is None or end is None or not 0 <= start < end:
        raise _take_length(seconds)
    if end > (seconds + 0.1) * FLICKS_PER_SECOND or end - start > LONGEST_STRETCH:
        raise _take_length(seconds)
    first = start // FLICKS_PER_SAMPLE
    return first * FLICKS_PER_SAMPLE, -(-end // FLICKS_PER_SAMPLE) * FLICKS_PER_SAMPLE


def _take_length(seconds: float) -> BadInput:
    return BadInput(
        "TAKE_LENGTH",
        f"A take is at least {_SHORTEST / RATE} s of its recording, which has {seconds:.3f} s.",
        advice="Set its start and end within the recording.",
    )


@in_whole
def _judge(
    house: House,
    actor: Actor,
    take_id: str,
    verdict: str,
    edges: tuple[Flicks, Flicks],
    moved: tuple[str, int, str] | None,
) -> tuple[str, frozenset[str]]:
    """The sound that may be heard now ("" for none), and those that may not be any more."""
    with house.write() as session:
        take = show.row(session, Take, take_id)
        heard, silenced = "", frozenset({take.sha256})
        label = {"to_confirm": "undone"}.get(verdict, verdict)
        told = edges if verdict == "moved" else (take.start, take.end)
        if take.confidence is not None:
            session.add(
                TakeLabel(
                    take_id=take.id,
                    verdict=label,
                    start=told[0],
                    end=told[1],
                    person_id=actor.user_id,
                )
            )
        if verdict == "accepted":
            take.state, heard, silenced = "accepted", take.sha256, frozenset()
        elif verdict == "moved" and moved is not None:
            remember_blob(session, *moved)
            take.state, heard = "rejected", moved[0]
            session.add(_moved_from(take, moved[0], edges, actor))
        else:
            take.state = "rejected" if verdict == "rejected" else "to_confirm"
            silenced |= _undo_moves(session, take)
        audit.note(session, actor.user_id, "take.judge", "take", take.id, verdict=verdict)
        session.flush()
        return heard, silenced


def _moved_from(take: Take, sha256: str, edges: tuple[Flicks, Flicks], actor: Actor) -> Take:
    return Take(
        id=new_id(),
        track_id=take.track_id,
        line_uid=take.line_uid,
        text_hash=take.text_hash,
        recording_id=take.recording_id,
        sha256=sha256,
        start=edges[0],
        end=edges[1],
        confidence=None,
        flags=[],
        evidence={"moved_from": take.id},
        state="accepted",
        missing_samples=take.missing_samples,
        latency_samples=take.latency_samples,
        comment=take.comment,
        created_by=actor.user_id,
    )


def _undo_moves(session: Session, take: Take) -> frozenset[str]:
    """Takes that were made by moving *take* go with it."""
    gone = set()
    for other in session.scalars(select(Take).where(Take.recording_id == take.recording_id)):
        if (other.evidence or {}).get("moved_from") == take.id:
            other.state = "rejected"
            gone.add(other.sha256)
    return frozenset(gone)


@in_whole
def comment_take(house: House, actor: Actor, take_id: str, comment: str) -> DubView:
    with house.write() as session:
        take = show.row(session, Take, take_id)
        take.comment = show.paragraph(comment, 1000, "COMMENT")
        audit.note(session, actor.user_id, "take.comment", "take", take.id)
        track_id = take.track_id
    return dub_view(house, track_id)


def labels(house: House) -> Iterator[dict[str, Any]]:
    """The latest word of people on each located take, with what was measured of it: examples for a refit."""
    with house.read() as session:
        rows = session.execute(
            select(TakeLabel, Take)
            .join(Take, Take.id == TakeLabel.take_id)
            .order_by(TakeLabel.created_at, TakeLabel.id)
        )
        latest = {take.id: (label, take) for label, take in rows}
        for label, take in latest.values():
            if label.verdict != "undone":
                yield {
                    "take": take.id,
                    "recording": take.recording_id,
                    "line": take.line_uid,
                    "verdict": label.verdict,
                    "start": label.start,
                    "end": label.end,
                    "located": {"start": take.start, "end": take.end},
                    "confidence": take.confidence,
                    "flags": take.flags,
                    "evidence": take.evidence,
                    "at": label.created_at,
                }


# --- one long recording -------------------------------------------------------------------------


def receive_long(house: House, actor: Actor, track_id: str, file: Path, *, name: str) -> str:
    """A long recording, which is then located; its id. *file* is moved. The same one again is that one.

    Raises BadInput as `sniff` and `examine` do, NO_SOUND.
    """
    container = sniff(file, name=name)
    seconds = _seconds(file, name)
    blob = (*house.blobs.publish(file), _MEDIA_TYPES.get(container, "application/octet-stream"))
    recording_id = _keep_long(house, actor, track_id, blob, display_name(name), seconds)
    start_locating(house, actor, recording_id)
    return recording_id


def _seconds(file: Path, name: str) -> float:
    found = examine(file, name=name)
    if found.sound is None:
        raise BadInput("NO_SOUND", "There is no sound in this file.", where=name)
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
            raise BadInput("SCRIPT_EMPTY", "The script has no line with words to speak.")
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
    located, findings = _locate_in(
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


def _locate_in(
    file: Path, texts: Sequence[str], language: str, watch: Watch
) -> tuple[Located, list[Finding]]:
    container = sniff(file, name="")
    found = examine(file, name="", watch=part(watch, 0, 50))
    if found.sound is None:
        raise BadInput("NO_SOUND", "There is no sound in this file.")
    heard = read_recording(
        file, rate=LOCATING_RATE, stream=found.sound.index, watch=part(watch, 50, 150)
    )
    speech = detect_speech(
        file,
        demuxer=DEMUXERS[container],
        stream=found.sound.index,
        zero=found.sound.start,
        watch=part(watch, 150, 400),
    )
    located = locate(
        heard.samples,
        texts,
        language=language,
        speech=speech.probabilities,
        watch=part(watch, 400, 1000),
    )
    return located, [*heard.findings, *located.findings]


def _cuts(located: Located) -> list[tuple[int, tuple[int, int]]]:
    """Line and [first, last) samples of each take, with a little around it but nothing of the next."""
    starts = sorted(take.start for line in located.lines for take in line.takes)
    cuts = []
    for number, line in enumerate(located.lines):
        for take in line.takes:
            following = next((start for start in starts if start > take.start), float("inf"))
            first = max(0, round((take.start - _BEFORE) * RATE))
            end = max(take.end, min(take.end + _AFTER, following - _BEFORE))
            cuts.append((number, (first, max(first + _SHORTEST, round(end * RATE)))))
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
        made[number] = (*house.blobs.publish(path), _WAV)

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

    A recording is located; a stem becomes that of the dub's settings. Raises BadInput as `receive_long`,
    STEM_LENGTH; Conflict UPLOAD_INCOMPLETE, UPLOAD_CLOSED.
    """
    upload = upload_view(house, upload_id)
    if upload.state == "done":
        return
    file = whole_upload(house, upload)
    try:
        with scratch(house) as staged:
            os.link(file, staged)
            if purpose == "stem":
                _receive_stem(house, actor, track_id, staged, upload.name)
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


def _receive_stem(house: House, actor: Actor, track_id: str, file: Path, name: str) -> None:
    container = sniff(file, name=name)
    with house.read() as session:
        film = known_film(
            session, show.row(session, Film, show.row(session, Track, track_id).film_id)
        )
    off = _seconds(file, name) - film.duration / FLICKS_PER_SECOND
    if abs(off) > _STEM_OFF:
        raise BadInput(
            "STEM_LENGTH",
            f"The stem is {abs(off):.3f} s {'longer' if off > 0 else 'shorter'} than the film.",
            where=name,
            advice="Export the stem from the first frame of the film to the last.",
        )
    blob = (*house.blobs.publish(file), _MEDIA_TYPES.get(container, "application/octet-stream"))
    _keep_stem(house, actor, track_id, blob)


@in_whole
def _keep_stem(house: House, actor: Actor, track_id: str, blob: tuple[str, int, str]) -> None:
    with house.write() as session:
        remember_blob(session, *blob)
        dub = dub_row(session, track_id)
        dub.stem, dub.settings = blob[0], dub.settings | {"stem": blob[0]}
        audit.note(session, actor.user_id, "dub.stem", "track", track_id, sha256=blob[0])


# --- the guide voice ----------------------------------------------------------------------------


def make_guides(
    house: House, actor: Actor, track_id: str, uids: Sequence[str] | None = None
) -> DubView:
    """Lines spoken by the guide voice, marked as such: to hear the dub before anybody was recorded.

    uids  of the lines; None is every line that is heard with no take. A final render leaves guides out
          unless somebody says otherwise.

    Raises BadInput VOICE_UNKNOWN, ToolMissing ESPEAK_MISSING.
    """
    with house.read() as session:
        dub_row(session, track_id)
        language = show.row(session, Track, track_id).language
        cues = load_cues(house, draft_row(session, track_id).document)
    wanted = [
        cue
        for cue in cues
        if spoken_text(cue.text) and (cue.uid in uids if uids is not None else not cue.take)
    ]
    chosen = {}
    for cue in wanted:
        samples = _guide(house, cue, language)
        sound = _publish_take(house, samples)
        _keep_line(
            house,
            actor,
            Recording(
                id=new_id(),
                track_id=track_id,
                sha256=sound[0],
                name="espeak-ng",
                kind="guide",
                line_uid=cue.uid,
                seconds=len(samples) / RATE,
                findings=[],
                state="located",
                created_by=actor.user_id,
            ),
            Take(
                id=new_id(),
                track_id=track_id,
                line_uid=cue.uid,
                text_hash=text_hash(cue.text),
                sha256=sound[0],
                start=0,
                end=len(samples) * FLICKS_PER_SAMPLE,
                flags=["guide"],
                state="accepted",
                comment="",
                created_by=actor.user_id,
            ),
            [sound],
        )
        chosen[cue.uid] = sound[0]
    choose_takes(house, actor, track_id, chosen, where_none=True)
    return dub_view(house, track_id)


def _guide(house: House, cue: Cue, language: str) -> Samples:
    spoken = speak(spoken_text(cue.text), language)
    with scratch(house) as file:  # ffmpeg's own resampler brings it to 48 kHz
        write_wav(file, spoken.trimmed(), spoken.rate)
        return _all_of(file)


# --- hearing and drawing ------------------------------------------------------------------------


def take_file(house: House, take_id: str) -> FileView:
    """The take's own sound. Raises NotFound."""
    with house.read() as session:
        take = show.row(session, Take, take_id)
        return file_view(session, take.sha256, f"{take.line_uid}.wav")


def recording_file(house: House, recording_id: str) -> FileView:
    """The recording as it came. Raises NotFound."""
    with house.read() as session:
        row = show.row(session, Recording, recording_id)
        return file_view(session, row.sha256, row.name)


def recording_stretch(house: House, recording_id: str, start: Flicks, end: Flicks) -> Samples:
    """A stretch of it, mono at 48 kHz. Raises BadInput STRETCH."""
    with house.read() as session:
        row = show.row(session, Recording, recording_id)
        sha256, seconds = row.sha256, row.seconds
    if not 0 <= start < end or end - start > LONGEST_STRETCH:
        raise BadInput(
            "STRETCH",
            f"A stretch is from 0 to {seconds:.0f} s of the recording and at most ten minutes long.",
        )
    file = house.blobs.existing(sha256)
    return stretch_of(file, start / FLICKS_PER_SECOND, end / FLICKS_PER_SECOND)


def recording_peaks(
    house: House, recording_id: str, start: Flicks | None, end: Flicks | None
) -> Peaks:
    """The wave of a stretch; of the first ten minutes unless one is named."""
    first = start or 0
    last = first + LONGEST_STRETCH if end is None else min(end, first + LONGEST_STRETCH)
    return peaks_of(recording_stretch(house, recording_id, first, last), first)


def take_peaks(house: House, take_id: str) -> Peaks:
    with house.read() as session:
        sha256 = show.row(session, Take, take_id).sha256
    return peaks_of(read_take(house, sha256), 0)


def peaks_of(samples: Samples, start: Flicks) -> Peaks:
    step = RATE // PEAKS_PER_SECOND
    if not len(samples):
        return Peaks(PEAKS_PER_SECOND, [], start)
    edges = np.arange(0, len(samples), step)
    both = np.stack([np.minimum.reduceat(samples, edges), np.maximum.reduceat(samples, edges)], 1)
    points = np.clip(np.rint(both * 127), -127, 127).astype(int)
    return Peaks(PEAKS_PER_SECOND, points.ravel().tolist(), start)


def read_take(house: House, sha256: str) -> Samples:
    """A take's samples, mono at 48 kHz."""
    return _all_of(house.blobs.existing(sha256))


def _all_of(file: Path) -> Samples:
    blocks = list(decoded(file, channels=1))
    whole = np.concatenate(blocks)[:, 0] if blocks else np.zeros(0, np.float32)
    return np.ascontiguousarray(whole)
