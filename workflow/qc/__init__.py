"""Checks: one small function per rule, each finding pointing at a cue. Pure.

`check` runs every rule that can be judged from what is given; `fix` mends what can be mended.

profiles.py   the numbers of each kind of film, and a project's own
rule.py       what a rule, a finding and a line-up are
timing.py     rules T      layout.py   rules L      dialogue.py  L11, L12, X08
wording.py    rules X      usage.py    X06 to X14
meaning.py    M01, M05     terms.py    the other rules M
breaking.py   where lines break      pairs.py    which cues translate which
fixes.py      the mends
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from workflow.errors import BadInput
from workflow.language.glossary import Glossary, seed
from workflow.qc import dialogue, layout, meaning, terms, timing, usage, wording
from workflow.qc.fixes import FIXERS, Repair, mend
from workflow.qc.profiles import PROFILES, TRAINING_FILM, Profile, profile_named, profile_of
from workflow.qc.rule import RULES, FilmFacts, Finding, LineUp, Lore, Rule
from workflow.tracks.cues import Cue

__all__ = [
    "PROFILES",
    "RULES",
    "RULE_MODULES",
    "TRAINING_FILM",
    "FilmFacts",
    "Finding",
    "Profile",
    "Repair",
    "Rule",
    "check",
    "fix",
    "profile_named",
    "profile_of",
    "repair",
]

RULE_MODULES = (timing, layout, dialogue, wording, usage, meaning, terms)
"""Where the rules stand; a new one is a function in one of them."""


def check(
    cues: Sequence[Cue],
    *,
    film: FilmFacts | None = None,
    source: Sequence[Cue] | None = None,
    profile: Profile = TRAINING_FILM,
    language: str = "tk",
    source_language: str = "en",
    glossary: Glossary | None = None,
    words: Collection[str] = (),
    names: Mapping[str, str] | None = None,
) -> tuple[Finding, ...]:
    """Every place where a rule is broken, by cue, then rule.

    film        without it rules that count frames say nothing; without its shots, those about cuts;
                without its speech, those about speech
    source      the cues that these translate; without it rules that compare say nothing
    language    BCP 47, of *cues*
    glossary    the project's terms; None is the seed glossary
    words       the project's own Turkmen words, without endings
    names       Turkmen form of each name, by the source's form
    """
    return _judged(
        LineUp(
            cues,
            profile,
            language=language,
            film=film,
            source=source,
            lore=_lore(source_language, glossary, words, names),
        )
    )


def _lore(
    source_language: str,
    glossary: Glossary | None,
    words: Collection[str],
    names: Mapping[str, str] | None,
) -> Lore:
    return Lore(
        glossary if glossary is not None else seed(), frozenset(words), names or {}, source_language
    )


def _judged(track: LineUp) -> tuple[Finding, ...]:
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


def fix(
    cues: Sequence[Cue],
    rules: Collection[str],
    *,
    film: FilmFacts | None = None,
    source: Sequence[Cue] | None = None,
    profile: Profile = TRAINING_FILM,
    language: str = "tk",
    source_language: str = "en",
    glossary: Glossary | None = None,
    words: Collection[str] = (),
    names: Mapping[str, str] | None = None,
) -> tuple[Cue, ...]:
    """*cues*, in order of time, with what *rules* find mended, as far as it goes without a new error.

    Doing it twice changes nothing more. The caller shows the difference to a person before it is
    saved. Raises BadInput NO_FIX for a rule that has no mend.
    """
    return repair(
        cues,
        rules,
        film=film,
        source=source,
        profile=profile,
        language=language,
        source_language=source_language,
        glossary=glossary,
        words=words,
        names=names,
    ).cues


def repair(
    cues: Sequence[Cue],
    rules: Collection[str],
    *,
    film: FilmFacts | None = None,
    source: Sequence[Cue] | None = None,
    profile: Profile = TRAINING_FILM,
    language: str = "tk",
    source_language: str = "en",
    glossary: Glossary | None = None,
    words: Collection[str] = (),
    names: Mapping[str, str] | None = None,
) -> Repair:
    """As `fix`; also names the cues that rules pull to and fro, which stay as they were."""
    if unknown := sorted(set(rules) - FIXERS.keys() - {"T16"}):
        raise BadInput("NO_FIX", f"Nothing can be mended by itself for {', '.join(unknown)}.")
    track = LineUp(
        cues,
        profile,
        language=language,
        film=film,
        source=source,
        lore=_lore(source_language, glossary, words, names),
    )
    return mend(track, rules)
