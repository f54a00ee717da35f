"""Who may do what. Pure; the only place where rights are decided.

Rights are roles within one project, plus a site admin who manages people and
never gives verdicts. Rules that depend on the work itself (nobody approves
their own cues) live with that work in `review`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Role(StrEnum):
    TRANSLATOR = "translator"
    REVIEWER = "reviewer"
    PRODUCER = "producer"


class Action(StrEnum):
    VIEW = "view"  # see the project, its films, tracks, builds and comments
    COMMENT = "comment"
    UPLOAD_FILM = "upload_film"
    UPLOAD = "upload"  # a film, or sound for a dub: which of the two, the stage looks at
    EDIT_TRACK = "edit_track"  # upload, align, accept a proposal, edit, submit, withdraw
    EDIT_WORDS = "edit_words"  # the project's words, names, terms and memory
    BUILD_REVIEW = "build_review"
    GIVE_VERDICT = "give_verdict"
    RENDER_FINAL = "render_final"
    DOWNLOAD_FINAL = "download_final"
    MANAGE_PROJECT = "manage_project"  # members, title, rules of checking, revoke, reopen
    CANCEL_JOB = "cancel_job"


_EVERYBODY = frozenset(Role)

ALLOWED: dict[Action, frozenset[Role]] = {
    Action.VIEW: _EVERYBODY,
    Action.COMMENT: _EVERYBODY,
    Action.UPLOAD_FILM: frozenset({Role.PRODUCER}),
    Action.UPLOAD: frozenset({Role.PRODUCER, Role.TRANSLATOR}),
    Action.EDIT_TRACK: frozenset({Role.TRANSLATOR}),
    Action.EDIT_WORDS: _EVERYBODY,
    Action.BUILD_REVIEW: _EVERYBODY,
    Action.GIVE_VERDICT: frozenset({Role.REVIEWER}),
    Action.RENDER_FINAL: frozenset({Role.PRODUCER}),
    Action.DOWNLOAD_FINAL: frozenset({Role.PRODUCER}),
    Action.MANAGE_PROJECT: frozenset({Role.PRODUCER}),
    Action.CANCEL_JOB: _EVERYBODY,
}

ADMIN_MAY = frozenset({Action.VIEW, Action.MANAGE_PROJECT})


@dataclass(frozen=True, slots=True)
class Actor:
    """A signed-in person as the rules see them, within one project (or none).

    may_create_projects    a producer of the house: starts projects and becomes their producer
    """

    user_id: str
    name: str = ""
    is_admin: bool = False
    may_create_projects: bool = False
    roles: frozenset[Role] = field(default_factory=frozenset)


def may(actor: Actor, action: Action) -> bool:
    """Whether *actor*, with the roles they hold in the project at hand, may do *action* there."""
    return bool(actor.roles & ALLOWED[action]) or (actor.is_admin and action in ADMIN_MAY)
