"""Checks: one small function per rule, each finding pointing at a cue. Pure.

A `LineUp` is a track beside its film, its source, a profile and what the project knows. `check` runs every
rule that can be judged from that; `repair` mends what can be mended.

profiles.py   the numbers of each kind of film, and a project's own
rule.py       what a rule, a finding and a line-up are
timing.py     rules T      layout.py   rules L      dialogue.py  L11, L12, X08
wording.py    rules X      usage.py    X06 to X14
meaning.py    M01, M05     terms.py    the other rules M
breaking.py   where lines break      pairs.py    which cues translate which
fixes.py      the mends
"""

from __future__ import annotations

from collections.abc import Collection

from workflow.errors import BadInput
from workflow.qc import dialogue, layout, meaning, terms, timing, usage, wording
from workflow.qc.custom import profile_of
from workflow.qc.fixes import FIXERS, Repair, mend
from workflow.qc.profiles import PROFILES, TRAINING_FILM, Profile, profile_named
from workflow.qc.rule import RULES, FilmFacts, Finding, LineUp, Lore, Rule

__all__ = [
    "PROFILES",
    "RULES",
    "RULE_MODULES",
    "TRAINING_FILM",
    "FilmFacts",
    "Finding",
    "LineUp",
    "Lore",
    "Profile",
    "Repair",
    "Rule",
    "check",
    "profile_named",
    "profile_of",
    "repair",
]

RULE_MODULES = (timing, layout, dialogue, wording, usage, meaning, terms)
"""Where the rules stand; a new one is a function in one of them."""


def check(track: LineUp) -> tuple[Finding, ...]:
    """Every place where a rule is broken, by cue, then rule."""
    given = track.profile.severities
    findings = [
        Finding(
            rule.id,
            hit.index + 1,
            track.cues[hit.index].uid,
            given.get(rule.id, hit.severity),
            hit.message,
            hit.fix,
        )
        for rule in RULES.values()
        if track.can_judge(rule)
        for hit in rule.judge(track)
    ]
    return tuple(sorted(findings, key=lambda found: (found.cue, found.rule)))


def repair(track: LineUp, rules: Collection[str]) -> Repair:
    """The cues of *track* with what *rules* find mended, as far as it goes without a new error.

    Doing it twice changes nothing more. The caller shows the difference to a person before it is
    saved. Raises BadInput NO_FIX for a rule that has no mend.
    """
    if unknown := sorted(set(rules) - FIXERS.keys() - {"T16"}):
        raise BadInput("NO_FIX", f"Nothing can be mended by itself for {', '.join(unknown)}.")
    return mend(track, rules)
