"""Checks: one small function per rule, each finding pointing at a cue. Pure.

`check` runs every rule that can be judged from what is given; `fix` mends what can be mended.

profiles.py   the numbers of each kind of film
rule.py       what a rule, a finding and a line-up are
timing.py     rules T      layout.py   rules L
wording.py    rules X      meaning.py  rules M
breaking.py   where lines break      fixes.py   the mends
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from workflow.errors import BadInput
from workflow.qc import layout, meaning, timing, wording
from workflow.qc.fixes import FIXERS, mend
from workflow.qc.profiles import PROFILES, TRAINING_FILM, Profile, profile_named
from workflow.qc.rule import RULES, FilmFacts, Finding, LineUp, Rule
from workflow.tracks.cues import Cue

__all__ = [
    "PROFILES",
    "RULES",
    "RULE_MODULES",
    "TRAINING_FILM",
    "FilmFacts",
    "Finding",
    "Profile",
    "Rule",
    "check",
    "fix",
    "profile_named",
]

RULE_MODULES = (timing, layout, wording, meaning)
"""Where the rules stand; a new one is a function in one of them."""


def check(
    cues: Sequence[Cue],
    *,
    film: FilmFacts | None = None,
    source: Sequence[Cue] | None = None,
    profile: Profile = TRAINING_FILM,
    language: str = "tk",
) -> tuple[Finding, ...]:
    """Every place where a rule is broken, by cue, then rule.

    film        without it rules that count frames say nothing; without its shots, those about cuts
    source      the cues that these translate; without it rules that compare say nothing
    language    BCP 47, of *cues*
    """
    return _judged(LineUp(cues, profile, language=language, film=film, source=source))


def _judged(track: LineUp) -> tuple[Finding, ...]:
    findings = [
        Finding(
            rule.id, hit.index + 1, track.cues[hit.index].uid, hit.severity, hit.message, hit.fix
        )
        for rule in RULES.values()
        if track.can_judge(rule)
        for hit in rule.judge(track)
    ]
    return tuple(sorted(findings, key=lambda found: (found.cue, found.rule)))


def fix(
    cues: Sequence[Cue],
    rules: Collection[str],
    *,
    film: FilmFacts | None = None,
    source: Sequence[Cue] | None = None,
    profile: Profile = TRAINING_FILM,
    language: str = "tk",
) -> tuple[Cue, ...]:
    """*cues*, in order of time, with what *rules* find mended, as far as it goes without a new error.

    Doing it twice changes nothing more. The caller shows the difference to a person before it is
    saved. Raises BadInput NO_FIX for a rule that has no mend.
    """
    if unknown := sorted(set(rules) - FIXERS.keys() - {"T16"}):
        raise BadInput("NO_FIX", f"Nothing can be mended by itself for {', '.join(unknown)}.")
    track = LineUp(cues, profile, language=language, film=film, source=source)
    return mend(track, rules, _judged)
