"""The quality rules over cues, against the film, the source-language track and what the project knows.

A project has one of the four profiles, or its own numbers over one. What a person set aside with a reason
stays set aside while the cue looks as it did.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from workflow import qc
from workflow.align.speech import HOP, Speech
from workflow.errors import BadInput, NotFound
from workflow.people import Actor
from workflow.stages import show
from workflow.stages.documents import load_cues
from workflow.stages.memory import memory_of
from workflow.stages.reference import paired, reference_of
from workflow.stages.words import lore_of
from workflow.store import audit
from workflow.store.blobs import Blobs
from workflow.store.database import in_whole
from workflow.store.house import House
from workflow.store.tables import (
    Draft,
    Film,
    FilmFile,
    IgnoredFinding,
    Project,
    ProjectRules,
    Track,
    TrackVersion,
    now_ms,
)
from workflow.timebase import FLICKS_PER_SECOND, Flicks, FrameGrid
from workflow.tracks.compare import diff
from workflow.tracks.cues import Cue

GRAVITY = {"none": 0, "hint": 1, "warning": 2, "error": 3}
_HEARD = 0.5  # probability from which a hop counts as speech …
_PAUSE: Flicks = FLICKS_PER_SECOND * 3 // 10  # … and a pause too short to part two stretches
_WORD_LONG: Flicks = FLICKS_PER_SECOND // 5  # shorter stretches are coughs


@dataclass(frozen=True)
class RulesView:
    """How a project is checked.

    profile     the stored body: {"base": …, and the fields that differ}
    numbers     every field as it is now in force, as `profile_of` takes it
    """

    profile: dict[str, Any]
    numbers: dict[str, Any]
    profiles: list[str]
    may_ignore: str
    shares_memory: bool
    rules: list[dict[str, str]]  # id, title, severity


@dataclass(frozen=True)
class MendView:
    """What mending would change, for a person to look at before it is taken.

    changes      CueChange.to_json() each: {uid, kind, old, new}
    conflicts    uids of cues that rules pull to and fro: left as they are
    """

    changes: list[dict[str, Any]]
    conflicts: list[str]


@dataclass(frozen=True)
class CueHelp:
    """What is known about one cue: for the panel beside it.

    terms       {form, tk, forbidden, confidence, needs_linguist, note}
    matches     {source, target, score, in_context, origin}
    """

    source: str
    terms: list[dict[str, Any]]
    matches: list[dict[str, Any]]


# --- findings -----------------------------------------------------------------------------------


def findings(house: House, object_id: str) -> list[dict[str, Any]]:
    """What the quality rules say about a track's draft, or about a version. Raises NotFound."""
    with house.read() as session:
        version = session.get(TrackVersion, object_id)
        track = show.row(session, Track, version.track_id if version else object_id)
        document = version.document if version else show.row(session, Draft, track.id).document
        return check_cues(house, session, track, load_cues(house, document))


def check_cues(
    house: House, session: Session, track: Track, cues: tuple[Cue, ...]
) -> list[dict[str, Any]]:
    """Findings as `terjime subtitles check` prints them: rule, cue, uid, severity, message, fix; and

    look        names this finding while the cue looks as it does
    ignored     why somebody set it aside, or ""
    may_ignore  whether the project lets one set it aside
    """
    if track.kind == "dub":
        return []  # its lines are heard, not read: their status says what is wrong with them
    source, language = reference_of(house, session, track)
    return _found(session, track, _line_up(house, session, track, cues, source, language))


def _found(session: Session, track: Track, line_up: qc.LineUp) -> list[dict[str, Any]]:
    limit = GRAVITY[_rules_row(session, track.project_id).may_ignore]
    aside = select(IgnoredFinding).where(IgnoredFinding.track_id == track.id)
    reasons = {row.look: row.reason for row in session.scalars(aside)}
    by_uid = {cue.uid: cue for cue in line_up.cues}
    shown = []
    for finding in qc.check(line_up):
        look = _look(finding, by_uid.get(finding.uid))
        shown.append(
            finding.to_json()
            | {
                "look": look,
                "ignored": reasons.get(look, ""),
                "may_ignore": GRAVITY[finding.severity] <= limit,
            }
        )
    return shown


def _look(finding: qc.Finding, cue: Cue | None) -> str:
    parts = [finding.rule, finding.uid, finding.message, str(cue.look() if cue else "")]
    return hashlib.sha256("\x00".join(parts).encode()).hexdigest()


def _line_up(
    house: House,
    session: Session,
    track: Track,
    cues: tuple[Cue, ...],
    source: tuple[Cue, ...],
    source_language: str,
) -> qc.LineUp:
    project = show.row(session, Project, track.project_id)
    return qc.LineUp(
        cues,
        film=_film_facts(house, session, show.row(session, Film, track.film_id)),
        source=source or None,
        profile=profile_in_force(session, project.id),
        language=track.language,
        lore=lore_of(session, project.id, source_language or project.source_language),
    )


def _film_facts(house: House, session: Session, film: Film) -> qc.FilmFacts | None:
    rate = show.rate_of(film)
    if rate is None:
        return None
    heard = session.get(FilmFile, {"film_id": film.id, "role": "speech"})
    return qc.FilmFacts(
        rate=rate,
        duration=FrameGrid(rate).time_of(film.frames or 0),
        shots=None if film.shots is None else tuple(film.shots),
        speech=_stretches(house.blobs, heard.sha256) if heard else None,
    )


@lru_cache(maxsize=64)
def _stretches(blobs: Blobs, sha256: str) -> tuple[tuple[Flicks, Flicks], ...]:
    """Start and end of each stretch of speech that ingest heard; pauses of under 0.3 s do not part them."""
    heard = Speech.from_bytes(blobs.read(sha256)).probabilities >= _HEARD
    edges = np.flatnonzero(np.diff(np.concatenate(([0], heard.astype(np.int8), [0]))))
    found: list[tuple[Flicks, Flicks]] = []
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        start, end = int(first) * HOP, int(last) * HOP
        if found and start - found[-1][1] < _PAUSE:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return tuple((start, end) for start, end in found if end - start >= _WORD_LONG)


# --- mending ------------------------------------------------------------------------------------


def mends(
    house: House,
    track_id: str,
    cues: tuple[Cue, ...],
    *,
    rules: Collection[str] | None = None,
    uid: str | None = None,
) -> MendView:
    """What mending *cues*, as they are on somebody's screen, would change; nothing is saved.

    rules   those to mend; None is every rule with a finding that can be mended
    uid     of the one cue to change; None is all of them. Findings that were set aside stay as they are

    Raises NotFound NO_SUCH_CUE, BadInput NO_FIX.
    """
    with house.read() as session:
        track = show.row(session, Track, track_id)
        source, language = reference_of(house, session, track)
        if uid is not None:
            cues = _around(cues, uid)
            source = _at_that_time(source, cues)
        line_up = _line_up(house, session, track, cues, source, language)
        found = _found(session, track, line_up)
    if rules is None:
        rules = {
            finding["rule"]
            for finding in found
            if finding["fix"] and not finding["ignored"] and uid in (None, finding["uid"])
        }
    if not rules:
        return MendView([], [])
    repair = qc.repair(line_up, rules)
    aside = {f["uid"] for f in found if f["ignored"] and f["fix"] and f["rule"] in rules}
    changes = [
        change
        for change in diff(cues, repair.cues)
        if (uid is None or change.uid == uid) and change.uid not in aside
    ]
    if uid is not None or aside:
        changed = {change.uid: change.new for change in changes}
        both = (changed.get(cue.uid, cue) for cue in cues)
        after = qc.check(line_up.with_cues([cue for cue in both if cue is not None]))
        before = {(f["rule"], f["uid"]) for f in found if f["severity"] == "error"}
        if {(f.rule, f.uid) for f in after if f.severity == "error"} - before:
            changes = []  # it goes only together with its neighbours
    return MendView([change.to_json() for change in changes], sorted(repair.conflicts))


_NEIGHBOURS = 3
_NEAR: Flicks = 10 * FLICKS_PER_SECOND


def _around(cues: tuple[Cue, ...], uid: str) -> tuple[Cue, ...]:
    """A cue with its neighbours: what its mends look at. Of two thousand cues the rest need not be judged."""
    at = next((i for i, cue in enumerate(cues) if cue.uid == uid), None)
    if at is None:
        raise NotFound("NO_SUCH_CUE", "The draft has no such cue.")
    return cues[max(0, at - _NEIGHBOURS) : at + _NEIGHBOURS + 1]


def _at_that_time(source: tuple[Cue, ...], cues: Sequence[Cue]) -> tuple[Cue, ...]:
    """The source of some neighbouring cues."""
    first, last = cues[0].start - _NEAR, cues[-1].end + _NEAR
    return tuple(cue for cue in source if cue.end > first and cue.start < last)


# --- setting aside ------------------------------------------------------------------------------


@in_whole
def ignore_finding(
    house: House, actor: Actor, track_id: str, look: str, reason: str
) -> list[dict[str, Any]]:
    """Set a finding of the draft aside. Returns the findings as they are then.

    Raises NotFound NO_SUCH_FINDING (the cue has changed since), BadInput REASON_NEEDED, MAY_NOT_IGNORE.
    """
    words = show.paragraph(reason, 1000, "REASON")
    if not words:
        raise BadInput("REASON_NEEDED", "Say why it is right as it is.", advice="Write a reason.")
    with house.write() as session:
        track = show.row(session, Track, track_id)
        cues = load_cues(house, show.row(session, Draft, track_id).document)
        found = check_cues(house, session, track, cues)
        one = next((finding for finding in found if finding["look"] == look), None)
        if one is None:
            raise NotFound("NO_SUCH_FINDING", "This finding is gone; the cue has changed since.")
        if not one["may_ignore"]:
            raise BadInput(
                "MAY_NOT_IGNORE",
                f"This project does not let anybody set aside a finding that counts as {one['severity']}.",
                advice="Correct the cue, or ask a producer to change the project's rules.",
            )
        session.merge(
            IgnoredFinding(
                track_id=track_id,
                look=look,
                rule=one["rule"],
                cue_uid=one["uid"],
                reason=words,
                person_id=actor.user_id,
                created_at=now_ms(),
            )
        )
        audit.note(
            session,
            actor.user_id,
            "finding.ignore",
            "track",
            track_id,
            rule=one["rule"],
            cue=one["uid"],
        )
        session.flush()
        return check_cues(house, session, track, cues)


@in_whole
def heed_finding(house: House, actor: Actor, track_id: str, look: str) -> list[dict[str, Any]]:
    """Take back that a finding was set aside. Returns the findings as they are then."""
    with house.write() as session:
        track = show.row(session, Track, track_id)
        session.execute(
            delete(IgnoredFinding).where(
                IgnoredFinding.track_id == track_id, IgnoredFinding.look == look
            )
        )
        audit.note(session, actor.user_id, "finding.heed", "track", track_id)
        cues = load_cues(house, show.row(session, Draft, track_id).document)
        return check_cues(house, session, track, cues)


# --- a project's rules --------------------------------------------------------------------------


def _rules_row(session: Session, project_id: str) -> ProjectRules:
    """As stored, or as it is for a project that never said anything."""
    return session.get(ProjectRules, project_id) or ProjectRules(
        project_id=project_id, profile={}, may_ignore="warning", shares_memory=True
    )


def profile_in_force(session: Session, project_id: str) -> qc.Profile:
    row = session.get(ProjectRules, project_id)
    return qc.profile_of(row.profile) if row and row.profile else qc.TRAINING_FILM


def rules_view(house: House, project_id: str) -> RulesView:
    with house.read() as session:
        show.row(session, Project, project_id)
        return _rules_view(session, project_id)


def _rules_view(session: Session, project_id: str) -> RulesView:
    row = _rules_row(session, project_id)
    profile = profile_in_force(session, project_id)
    return RulesView(
        profile=row.profile or {"base": qc.TRAINING_FILM.name},
        numbers=numbers_of(profile),
        profiles=list(qc.PROFILES),
        may_ignore=row.may_ignore,
        shares_memory=row.shares_memory,
        rules=[
            {"id": rule.id, "title": rule.title, "severity": profile.severities.get(rule.id, "")}
            for rule in qc.RULES.values()
        ],
    )


def numbers_of(profile: qc.Profile) -> dict[str, Any]:
    """The fields of a profile as `profile_of` takes them: seconds as text, frames as ``"3f"``."""
    body: dict[str, Any] = {}
    for field in fields(profile):
        value = getattr(profile, field.name)
        if field.name == "severities":
            value = dict(value)
        elif "duration" in field.name:
            value = str(Fraction(value, FLICKS_PER_SECOND))
        elif field.name in {"in_early", "in_late", "out_late"} and isinstance(value, int):
            value = f"{value}f"
        elif isinstance(value, Fraction):
            value = str(value)
        body[field.name] = value
    return body


def standard_numbers(name: str) -> dict[str, Any]:
    """`numbers_of` a built-in profile. Raises BadInput PROFILE."""
    return numbers_of(qc.profile_named(name))


@in_whole
def save_rules(
    house: House,
    actor: Actor,
    project_id: str,
    *,
    profile: dict[str, Any],
    may_ignore: str = "warning",
    shares_memory: bool = True,
) -> RulesView:
    """Check the project by another profile. Raises BadInput PROFILE (where names the field), MAY_IGNORE."""
    qc.profile_of(profile)
    if may_ignore not in GRAVITY:
        raise BadInput("MAY_IGNORE", f"It is one of {', '.join(GRAVITY)}.", where="may_ignore")
    with house.write() as session:
        show.row(session, Project, project_id)
        session.merge(
            ProjectRules(
                project_id=project_id,
                profile=profile,
                may_ignore=may_ignore,
                shares_memory=shares_memory,
                changed_by=actor.user_id,
                changed_at=now_ms(),
            )
        )
        audit.note(session, actor.user_id, "project.rules", "project", project_id, profile=profile)
        session.flush()
        return _rules_view(session, project_id)


# --- beside a cue -------------------------------------------------------------------------------


def cue_help(house: House, track_id: str, uid: str) -> CueHelp:
    """The source of a cue of the draft, its terms, and what was said before for a source like it.

    Raises NotFound NO_SUCH_CUE.
    """
    with house.read() as session:
        track = show.row(session, Track, track_id)
        cues = load_cues(house, show.row(session, Draft, track_id).document)
        at = next((i for i, cue in enumerate(cues) if cue.uid == uid), None)
        if at is None:
            raise NotFound("NO_SUCH_CUE", "The draft has no such cue.")
        source, source_language = reference_of(house, session, track)
        both = [pair for pair in paired(cues, source, track.language) if pair.sources]
        here = next((i for i, pair in enumerate(both) if at in pair.targets), None)
        if here is None:
            return CueHelp("", [], [])
        glossary = lore_of(session, track.project_id).glossary
        memory = memory_of(session, track.project_id, source_language, track.language)
    text = both[here].source_text
    neighbours = ["", *(pair.source_text for pair in both), ""]
    matches = memory.find(
        text, speaker=cues[at].speaker, before=neighbours[here], after=neighbours[here + 2]
    )
    return CueHelp(
        source=text,
        terms=[
            {
                "form": use.form,
                "tk": list(use.term.tk),
                "forbidden": list(use.term.forbidden),
                "confidence": use.term.confidence,
                "needs_linguist": use.term.needs_linguist,
                "note": use.term.note,
            }
            for use in glossary.find(text, source_language)
        ],
        matches=[
            {
                "source": match.unit.source,
                "target": match.unit.target,
                "score": int(match.score),
                "in_context": match.in_context,
                "origin": match.unit.origin,
            }
            for match in matches
        ],
    )


def suggestions(house: House, track_id: str, word: str) -> list[str]:
    """What a misspelt word was meant to be, best first. Takes up to a second."""
    if not word or len(word) > 60:
        raise BadInput("WORD", "A word must have 1 to 60 characters; it has more or none.")
    with house.read() as session:
        lore = lore_of(session, show.row(session, Track, track_id).project_id)
    return list(lore.speller.suggest(word))
