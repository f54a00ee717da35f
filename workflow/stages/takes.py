"""Takes of single lines: recorded, or spoken by the guide voice; and which of them a line is heard with.

Nothing is ever deleted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow.dub.film import FLICKS_PER_SAMPLE
from workflow.dub.script import spoken_text
from workflow.dub.sound import (
    RATE,
    Samples,
    original_rate,
    read_recording,
    write_wav,
)
from workflow.dub.voice import speak
from workflow.errors import BadInput, NotFound
from workflow.media.container import ends_early, sniff
from workflow.media.facts import Finding
from workflow.media.names import display_name
from workflow.people import Actor
from workflow.stages import show
from workflow.stages.documents import load_cues
from workflow.stages.drafts import draft_row, save_as
from workflow.stages.dubs import dub_row, text_hash
from workflow.stages.sounds import (
    media_type,
    publish_take,
    scratch,
    whole_sound,
)
from workflow.stages.studio import DubView, dub_view
from workflow.store import audit
from workflow.store.database import in_whole
from workflow.store.house import House, remember_blob
from workflow.store.tables import Recording, Take, Track, new_id
from workflow.tracks.cues import Cue

LINE_BYTES = 64 << 20  # of one line's recording: some minutes of 24-bit WAV
SHORTEST = RATE // 20  # samples of a take


@dataclass(frozen=True)
class Received:
    """A recording of one line, and the take that it became."""

    recording: str
    take: str
    state: str
    findings: list[dict[str, Any]]
    etag: str  # of the draft, which may name the take now


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
    try:
        container = sniff(file, name=name)
    except BadInput as refusal:
        advice = "Choose a WAV or FLAC file."
        raise BadInput(refusal.code, refusal.message, where=name, advice=advice) from refusal
    if container not in ("wav", "flac"):
        raise BadInput(
            "NOT_A_RECORDING",
            f"A line is recorded as WAV or FLAC; this is {container}.",
            advice="Send longer recordings in other formats as one, to be located.",
        )
    heard = read_recording(file)
    findings = [*heard.findings, *_about(file, container)]
    first, last = start or 0, len(heard.samples) if end is None else end
    if not 0 <= first < last <= len(heard.samples) or last - first < SHORTEST:
        raise BadInput(
            "TAKE_LENGTH",
            f"A take is at least {SHORTEST / RATE} s of its recording, which has {heard.seconds:.3f} s.",
            advice="Record the line again.",
        )
    with house.read() as session:
        dub_row(session, track_id)
        cue = _cue_of(house, session, track_id, line)
    sound = publish_take(house, heard.samples[first:last])
    original = (*house.blobs.publish(file), media_type(container))
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
    raise NotFound(
        "NO_SUCH_LINE",
        "The dub has no such line.",
        where=uid[:64],
        advice="The recording is kept where it was made: save it as a file.",
    )


def _record_line(
    house: House,
    actor: Actor,
    recording: Recording,
    take: Take,
    blobs: Sequence[tuple[str, int, str]],
) -> Received:
    recording_id, take_id = keep_line(house, actor, recording, take, blobs)
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
def keep_line(
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
        sound = publish_take(house, samples)
        keep_line(
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
        return whole_sound(file)
