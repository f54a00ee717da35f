"""Rules L11, L12 and X08: two speakers in one cue, and the dash before what each says."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from workflow.qc.pairs import pairs
from workflow.qc.rule import HINT, WARNING, Hit, LineUp, rule
from workflow.sentences import sentence
from workflow.tracks.text import TAG

DASH = re.compile(r"^(?P<tags>(?:</?[ibu]>)*)(?P<dash>[-–—][ \u00a0]*)(?=\S)")
"""The dash at the start of a line of a cue, with the tags before it."""

_INLINE = re.compile(r"(?<=[.!?…])\s+(?P<dash>[–—-])\s*(?=[A-ZÇÄŽŇÖŞÜÝА-ЯЁ])")
"""A second speaker in the same line: after a final mark, a dash and a capital."""


def dashes(text: str) -> list[str | None]:
    """For each line of a cue's text, the dash that it begins with, or None."""
    found = [DASH.match(line) for line in text.split("\n")]
    return [match["dash"] if match else None for match in found]


@rule("L11", "Two speakers have a dash each")
def two_speakers(track: LineUp) -> Iterator[Hit]:
    for i, cue in enumerate(track.cues):
        if _INLINE.search(TAG.sub("", cue.text)) and "\n" not in cue.text:
            fix = speakers_apart(cue.text, track.profile.dash) != cue.text
            yield Hit(i, WARNING, "Two speakers stand in one line.", fix)
    if track.source is None:
        return
    for pair in pairs(track):
        if len(pair.targets) != 1 or len(pair.sources) != 1:
            continue
        i = pair.targets[0]
        theirs = dashes(track.source[pair.sources[0]].text)
        ours = dashes(track.cues[i].text)
        if len(theirs) == 2 and all(theirs) and len(ours) == 2 and not any(ours):
            yield Hit(
                i, WARNING, "The source has two speakers here; each line needs its dash.", True
            )


@rule("L12", "Dashes on both lines, in one form")
def dash_forms(track: LineUp) -> Iterator[Hit]:
    found = [dashes(cue.text) for cue in track.cues]
    forms = Counter(dash.replace("\u00a0", " ") for each in found for dash in each if dash)
    usual = forms.most_common(1)[0][0] if forms else ""
    for i, each in enumerate(found):
        if len(each) == 2 and sum(map(bool, each)) == 1:
            fix = can_dash_both(track.cues[i].text)
            yield Hit(i, WARNING, "Only one of the two lines has a dash.", fix)
        elif any(dash and dash.replace("\u00a0", " ") != usual for dash in each):
            yield Hit(
                i, WARNING, "The dash is written otherwise than in the rest of the track.", True
            )


def can_dash_both(text: str) -> bool:
    """Whether the line without a dash is surely another speaker's: the line above it ends a sentence."""
    upper = TAG.sub("", text.split("\n", maxsplit=1)[0]).rstrip()
    return bool(re.search(r"[.!?…][\"”’»)]*$", upper))


@rule("X08", "The dash of a speaker in the profile's form")
def dash_of_profile(track: LineUp) -> Iterator[Hit]:
    right = track.profile.dash
    if not right:
        return
    for i, cue in enumerate(track.cues):
        if any(dash and dash.replace("\u00a0", " ") != right for dash in dashes(cue.text)):
            yield Hit(
                i,
                HINT,
                sentence("A speaker's line begins “%(dash)sSöz” here.", dash=right),
                fix=True,
            )


def dashed(text: str, form: str) -> str:
    """*text* with the dash of each line in *form*."""
    return "\n".join(
        DASH.sub(lambda found: found["tags"] + form, line) for line in text.split("\n")
    )


def both_dashed(text: str, form: str) -> str:
    """Each line with a dash in *form*."""
    lines = dashed(text, form).split("\n")
    return "\n".join(line if DASH.match(line) else _with_dash(line, form) for line in lines)


def _with_dash(line: str, form: str) -> str:
    tags = re.match(r"(?:<[ibu]>)*", line)
    at = tags.end() if tags else 0
    return line[:at] + form + line[at:].lstrip()


def speakers_apart(text: str, form: str) -> str:
    """A line with two speakers as two lines with a dash each; unchanged where there are three or markup is open."""
    parts = _INLINE.split(text)
    if len(parts) != 3 or "\n" in text or TAG.search(text):
        return text
    return both_dashed(f"{parts[0]}\n{parts[2]}", form or "-")
