"""What the stages give to pages, the API and scripts: plain values, ready for JSON by `as_json`.

Times of media are flicks; instants are milliseconds since 1970 UTC; ids are text.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


def as_json(view: Any) -> dict[str, Any]:
    """A view as the body of an answer."""
    return asdict(view)


@dataclass(frozen=True)
class PersonView:
    id: str
    name: str
    email: str
    locale: str
    is_admin: bool
    may_create_projects: bool
    active: bool


@dataclass(frozen=True)
class MemberView:
    person_id: str
    name: str
    email: str
    roles: list[str]


@dataclass(frozen=True)
class JobView:
    """A job as a person follows it.

    seconds_left     from measured speed; None while unknown
    last_heard       seconds since its worker was last heard; None when no worker has it
    position         how many jobs are before it in its queue, when it waits
    """

    id: str
    kind: str  # ingest | align | build | render
    project_id: str
    state: str  # queued | running | done | failed | cancelled
    permille: int
    doing: str
    attempt: int
    max_attempts: int
    seconds_left: int | None
    last_heard: int | None
    position: int | None
    cancel_requested: bool
    error: dict[str, Any] | None  # TerjimeError.to_json(), with "reference" for an operator
    output: str | None  # id of the film, proposal, build or render
    created_at: int
    finished_at: int | None
    created_by: str  # name


@dataclass(frozen=True)
class FilmSound:
    """One of the sounds that a film came with."""

    number: int  # from 0, in the order of the file
    language: str | None  # BCP 47
    title: str | None
    codec: str
    channels: int
    used: bool


@dataclass(frozen=True)
class FilmView:
    id: str
    project_id: str
    name: str
    hash: str
    state: str  # ingesting | ready | failed
    error: dict[str, Any] | None
    facts: dict[str, Any] | None  # MediaFacts JSON of the original, "changes": what ingest changed
    duration: int | None
    rate: list[int] | None  # [num, den]
    frames: int | None
    width: int | None
    height: int | None
    has_sound: bool | None
    sounds: list[FilmSound]
    shots: list[int]
    files: list[
        str
    ]  # roles that can be had: proxy240, proxy480, poster, thumbs, thumbs-index, peaks
    job: JobView | None  # its ingest or the change of its sound, while it matters
    created_at: int
    created_by: str


@dataclass(frozen=True)
class Station:
    """One of the six stations of a track's journey."""

    name: str  # upload | align | edit | review | render | deliver
    state: str  # todo | next | running | done | attention | stale | failed
    word: str  # plain English status word; pages translate it
    who: str = ""
    when: int | None = None
    job: JobView | None = None


@dataclass(frozen=True)
class TrackSummary:
    id: str
    project_id: str
    film_id: str
    kind: str  # reference | subtitle | dub
    language: str
    title: str
    cue_count: int
    assignment_state: str  # open | assigned | in_progress | in_review | changes_requested | approved | rendering | delivered | on_hold | cancelled
    stations: list[Station]
    latest_version: int | None
    translator: str
    reviewer: str
    next_step: str  # upload | align | decide | edit | submit | build | verdict | render | download | wait | none


@dataclass(frozen=True)
class ProjectView:
    id: str
    title: str
    source_language: str
    created_at: int
    films: list[FilmView]
    tracks: list[TrackSummary]
    members: list[MemberView]
    my_roles: list[str]


@dataclass(frozen=True)
class WorkItem:
    """One line of "My work": a track that waits for this person, or one they follow."""

    project_id: str
    project_title: str
    film_name: str
    track: TrackSummary
    mine: bool  # the next step is for one of my roles


@dataclass(frozen=True)
class VersionView:
    id: str
    track_id: str
    number: int
    track_hash: str
    state: str  # submitted | in_review | changes_requested | approved | stale | revoked | withdrawn | superseded
    note: str
    cue_count: int
    author: str
    author_id: str
    created_at: int
    builds: list[BuildView] = field(default_factory=list)
    verdicts: list[VerdictView] = field(default_factory=list)
    renders: list[RenderView] = field(default_factory=list)


@dataclass(frozen=True)
class DraftView:
    """`etag` goes back in If-Match. Cues are Cue.to_json() bodies, in order."""

    etag: str
    revision: int
    cues: list[dict[str, Any]]
    base_version: int | None
    differs_from_latest: bool
    updated_by: str
    updated_at: int
    import_report: dict[str, Any] | None  # of the last import into it


@dataclass(frozen=True)
class ProposalView:
    """Alignment's suggestion.

    Each cue: uid, text, old_start, old_end, start, end, confidence, mark, segment (from 0), changed, and decision:
    accepted, rejected or ""; each segment too, and there it may be "partly".
    """

    id: str
    track_id: str
    state: str  # open | accepted | rejected
    reference: dict[str, Any]
    draft_moved: (
        bool  # the draft was edited since: cues that changed keep their text and take only times
    )
    confidence: float
    related: bool
    method: str
    segments: list[
        dict[str, Any]
    ]  # from, to (flicks), offset, rate [num, den] or float, confidence, first_cue, last_cue
    statistics: dict[str, Any]
    cues: list[dict[str, Any]]
    created_at: int
    can_undo: bool = False  # a decision can be taken back


@dataclass(frozen=True)
class BuildView:
    id: str
    version_id: str
    height: int
    recipe_hash: str
    build_hash: str | None  # SHA-256 of the file; None until it is done
    job: JobView
    report: dict[str, Any] | None
    created_at: int


@dataclass(frozen=True)
class VerdictView:
    id: str
    verdict: str  # approved | changes_requested
    reason: str
    reviewer: str
    track_hash: str
    build_hash: str
    created_at: int


@dataclass(frozen=True)
class RenderView:
    id: str
    version_id: str
    form: str  # burned | soft-mp4 | soft-mkv
    file_name: str
    size: int | None
    sha256: str | None
    job: JobView
    report: dict[str, Any] | None
    created_at: int
    created_by: str


@dataclass(frozen=True)
class CommentView:
    """`place`: where the anchor is now: "here", "moved", "orphan" (its cue is gone: shown at its old time)."""

    id: str
    track_id: str
    version_number: int
    reply_to: str | None
    anchor: dict[str, Any]
    place: str
    text: str
    author: str
    author_id: str
    resolved_by: str | None
    resolved_at: int | None
    created_at: int


@dataclass(frozen=True)
class TrackView:
    summary: TrackSummary
    film: FilmView
    project_title: str
    draft: DraftView | None
    versions: list[VersionView]  # newest first
    proposal: ProposalView | None  # the open one
    alignment_job: JobView | None
    references: list[dict[str, Any]]  # [{"id", "title", "language"}] tracks that one may align to
    my_roles: list[str]


@dataclass(frozen=True)
class ReviewView:
    """Everything the review page shows about one version.

    changes    against the last approved version: CueChange.to_json()
    may        what this person may do: "approve", "request_changes", "comment"; with the reason when not
    """

    track: TrackSummary
    film: FilmView
    version: VersionView
    latest_number: int
    cues: list[dict[str, Any]]
    changes: list[dict[str, Any]]
    approved_number: int | None
    comments: list[CommentView]
    findings: list[dict[str, Any]]
    may: dict[str, str]  # action → "" when allowed, else why not
    my_roles: list[str]


@dataclass(frozen=True)
class UploadView:
    """A resumable upload; its bytes so far are the file `settings.upload_dir / id`."""

    id: str
    project_id: str
    person_id: str
    name: str
    length: int
    offset: int
    sha256: str | None
    metadata_header: str
    state: str  # open | done | refused | gone
    error: dict[str, Any] | None
    film_id: str | None
    expires_at: int


@dataclass(frozen=True)
class FileView:
    """A stored file to send: `house.blobs.path(sha256)`."""

    sha256: str
    size: int
    media_type: str
    name: str  # to offer for a download


@dataclass(frozen=True)
class PackageView:
    """Finished films with all that belongs to them, as one ZIP, or a training room.

    size, sha256         of the ZIP; None until it is made
    files                [{"name", "sha256", "size"}], in the order of the ZIP
    too_large_for_fat32  a file of it is larger than a FAT32 disk takes
    """

    id: str
    version_id: str
    kind: str  # delivery | room
    formats: list[str]
    file_name: str
    size: int | None
    sha256: str | None
    files: list[dict[str, Any]]
    too_large_for_fat32: bool
    job: JobView
    created_at: int
    created_by: str


@dataclass(frozen=True)
class KnownFileView:
    """What a file is, or what a hash or tag names.

    matched      bytes: its bytes are these; tag: it carries the tag of this
    file_name    under which it was made; of a film's own files their role
    recipe       of a build or render
    latest       number of the track's newest version
    current      its version is approved, or the newest: nothing has overtaken it

    The fields from `track` on are there for everything but a film.
    """

    kind: str  # film | version | build | render | package
    matched: str
    id: str
    project_id: str
    project: str
    film: str
    film_id: str
    file_name: str
    track: str | None = None
    language: str | None = None
    version: int | None = None
    version_id: str | None = None
    track_hash: str | None = None
    state: str | None = None
    recipe: dict[str, Any] | None = None
    approved_by: str = ""
    approved_at: int | None = None
    latest: int | None = None
    current: bool = True


@dataclass(frozen=True)
class HouseStateView:
    """How the house is, for its operator.

    silent         queues that no worker answers: [{"queue", "seconds"}]
    bytes_wanting  that must be freed on this machine before work may begin; 0 when there is room
    bytes          of all *blobs*; of them encoded parts, and what will be removed soon
    """

    silent: list[dict[str, Any]]
    bytes_wanting: int
    blobs: int
    bytes: int
    segment_bytes: int
    condemned_bytes: int


@dataclass(frozen=True)
class PlanView:
    """What a final render would do, before anybody starts it.

    missing          segments of *segments* that have to be encoded, with their frames
    seconds          likely to pass until it is there, on one worker that has nothing else to do
    measured         whether that comes from how fast this house was lately; else from a usual machine
    bytes            likely size of the film
    render           id of the render with exactly these settings, if there is one
    """

    form: str
    width: int
    height: int
    frames: int
    segments: int
    missing: int
    missing_frames: int
    seconds: int
    measured: bool
    bytes: int
    render: str | None


@dataclass(frozen=True)
class DraftSaveView:
    """One line of a draft's history."""

    revision: int
    what: str  # import | recut | edit | merge | align | reject | undo | restore
    cue_count: int
    person: str
    created_at: int
    current: bool
    told: dict[str, Any] | None = (
        None  # of a decision: proposal, segments (from 1) of how many, cues (their number), undoes;
        # of a recut: track and version it came from, torn (uids that a cut goes through), gone (cues)
    )
