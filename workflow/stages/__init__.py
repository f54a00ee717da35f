"""The flow: what web/ and workers/ call. One step, one transaction, one short function.

people.py    persons; `admit`, the one check of rights
projects.py  projects, their members, what each has to do next
uploads.py   bytes that arrive in pieces → a film
films.py     a film → ingest → all that others work with
tracks.py    a track made, and at a glance
journey.py   where it stands on its way, and the next step
reference.py what it translates, cue beside cue
imports.py   subtitle files read in
merging.py   such a file against the draft that it is taken into
received.py  files that wait for a person
exports.py   a draft or version in any format
drafts.py    the draft, its saves and merges
alignment.py new times: the job that looks for them
proposals.py what a person makes of them, by the segment or by the cue
recuts.py    a track laid on a new cut of its film
checks.py    the quality rules over a draft or version
submission.py  a draft becomes a version
dubs.py      tracks to be heard: made from subtitles, mixed by their settings
studio.py    a dub as its studio shows it: how far every line is
lines.py     what people change in a dub
mixes.py     the mix of a dub: in builds and finals, in the studio
stems.py     what a final dub was mixed from
takes.py     recordings, the takes cut from them, what people say of those
words.py     words, names, terms: of a project, or of the house (scope.py)
memory.py    what was said before
builds.py    the review build of a version
review.py    comments, verdicts
renders.py   the final render of what was approved
delivery.py  what a final render would cost
packages.py  finished films with all that belongs to them, as one archive
identify.py  what is this file?
jobs.py      what each kind of job runs; cancel, retry, sweep
"""

from workflow.stages.alignment import start_alignment
from workflow.stages.builds import build_file, build_view, request_build
from workflow.stages.checks import (
    cue_help,
    findings,
    heed_finding,
    ignore_finding,
    mends,
    rules_view,
    save_rules,
    standard_numbers,
    suggestions,
)
from workflow.stages.delivery import plan_final, second_languages, still_of_final
from workflow.stages.drafts import draft, draft_history, load_draft, restore_save, save_draft
from workflow.stages.dubs import create_dub
from workflow.stages.exports import export, formats
from workflow.stages.films import (
    film_file,
    film_view,
    start_choosing_sound,
)
from workflow.stages.identify import what_is
from workflow.stages.imports import import_into_track, import_track
from workflow.stages.jobs import (
    all_jobs,
    cancel_job,
    clear_work,
    house_state,
    job_view,
    jobs_of_project,
    retry_job,
    run,
    run_waiting,
    sweep,
)
from workflow.stages.judging import comment_take, judge_take, labels
from workflow.stages.lines import change_line, merge_lines, split_line, undo_change
from workflow.stages.lines import save_settings as save_dub_settings
from workflow.stages.memory import export_memory, import_memory, remove_unit
from workflow.stages.mixes import guide_lines
from workflow.stages.mixes import preview as preview_mix
from workflow.stages.mixes import sheet as dub_sheet
from workflow.stages.packages import (
    Archive,
    package_archive,
    package_view,
    packages_of,
    start_package,
)
from workflow.stages.people import Admitted, admit, change_person, create_person, people
from workflow.stages.projects import (
    add_member,
    create_project,
    my_work,
    project_view,
    projects_of,
    remove_member,
)
from workflow.stages.proposals import (
    accept_proposal,
    decide_proposal,
    proposal_view,
    reject_proposal,
    undo_decision,
)
from workflow.stages.received import (
    drop_received,
    receive_file,
    received_view,
    say_of_received,
    take_received,
    waiting_files,
)
from workflow.stages.recordings import finish_sound_upload, start_locating
from workflow.stages.recuts import start_recut
from workflow.stages.renders import (
    render_file,
    render_manifest,
    render_view,
    start_render,
)
from workflow.stages.review import (
    add_comment,
    comments_of,
    give_verdict,
    resolve_comment,
    review_view,
    revoke,
)
from workflow.stages.sounds import (
    recording_file,
    recording_peaks,
    recording_stretch,
    scratch,
    take_file,
    take_peaks,
    take_samples,
)
from workflow.stages.stems import start_stems, stems_file
from workflow.stages.studio import dub_view
from workflow.stages.submission import submit, version_cues, withdraw
from workflow.stages.takes import make_guides, receive_line
from workflow.stages.tracks import track_view
from workflow.stages.uploads import (
    add_film_file,
    commit_offset,
    drop_upload,
    finish_upload,
    open_upload,
    upload_view,
)
from workflow.stages.views import as_json
from workflow.stages.words import (
    add_word,
    export_terms,
    import_terms,
    remove_term,
    remove_word,
    save_term,
    words_view,
)
from workflow.store.accounts import note_event
from workflow.store.ledger import claim

__all__ = [
    "Admitted",
    "Archive",
    "accept_proposal",
    "add_comment",
    "add_film_file",
    "add_member",
    "add_word",
    "admit",
    "all_jobs",
    "as_json",
    "build_file",
    "build_view",
    "cancel_job",
    "change_line",
    "change_person",
    "claim",
    "clear_work",
    "comment_take",
    "comments_of",
    "commit_offset",
    "create_dub",
    "create_person",
    "create_project",
    "cue_help",
    "decide_proposal",
    "draft",
    "draft_history",
    "drop_received",
    "drop_upload",
    "dub_sheet",
    "dub_view",
    "export",
    "export_memory",
    "export_terms",
    "film_file",
    "film_view",
    "findings",
    "finish_sound_upload",
    "finish_upload",
    "formats",
    "give_verdict",
    "guide_lines",
    "heed_finding",
    "house_state",
    "ignore_finding",
    "import_into_track",
    "import_memory",
    "import_terms",
    "import_track",
    "job_view",
    "jobs_of_project",
    "judge_take",
    "labels",
    "load_draft",
    "make_guides",
    "mends",
    "merge_lines",
    "my_work",
    "note_event",
    "open_upload",
    "package_archive",
    "package_view",
    "packages_of",
    "people",
    "plan_final",
    "preview_mix",
    "project_view",
    "projects_of",
    "proposal_view",
    "receive_file",
    "receive_line",
    "received_view",
    "recording_file",
    "recording_peaks",
    "recording_stretch",
    "reject_proposal",
    "remove_member",
    "remove_term",
    "remove_unit",
    "remove_word",
    "render_file",
    "render_manifest",
    "render_view",
    "request_build",
    "resolve_comment",
    "restore_save",
    "retry_job",
    "review_view",
    "revoke",
    "rules_view",
    "run",
    "run_waiting",
    "save_draft",
    "save_dub_settings",
    "save_rules",
    "save_term",
    "say_of_received",
    "scratch",
    "second_languages",
    "split_line",
    "standard_numbers",
    "start_alignment",
    "start_choosing_sound",
    "start_locating",
    "start_package",
    "start_recut",
    "start_render",
    "start_stems",
    "stems_file",
    "still_of_final",
    "submit",
    "suggestions",
    "sweep",
    "take_file",
    "take_peaks",
    "take_received",
    "take_samples",
    "track_view",
    "undo_change",
    "undo_decision",
    "upload_view",
    "version_cues",
    "waiting_files",
    "what_is",
    "withdraw",
    "words_view",
]
