"""The numbers that each kind of film is held to (docs: subtitles 1).

Sources: Netflix Timed Text Style Guide (general and timing), BBC Subtitle Guidelines, Code of Good
Subtitling Practice (Ivarsson and Carroll 1998), Subtitle Edit's defaults; training-film and kids are
the product's own. None: the profile has no such rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from types import MappingProxyType
from typing import TypeAlias

from workflow.errors import BadInput
from workflow.timebase import FLICKS_PER_SECOND, Flicks

OFF = "off"
SEVERITIES = ("error", "warning", "hint", OFF)

Limit: TypeAlias = int | Fraction
"""Whole frames, or seconds as a fraction."""


def _seconds(value: str) -> Flicks:
    return int(Fraction(value) * FLICKS_PER_SECOND)


@dataclass(frozen=True, slots=True)
class Profile:
    """One column of the table of rules.

    severities      by rule: what its findings count as here, or "off"; rules that are not named keep
                    their own
    """

    name: str
    min_duration: Flicks  # shorter is a warning …
    hard_min_duration: Flicks  # … and shorter than this an error
    min_duration_a_word: Flicks  # 0: length alone decides
    max_duration: Flicks
    cps: int | None  # characters a second; more is a warning …
    hard_cps: int | None  # … and more than this an error
    hard_cps_english: int | None
    wpm: int | None  # words a minute; more is a hint
    min_gap_frames: int | None
    in_early: Limit  # T08: how far an in-time may lie before the speech …
    in_late: Limit  # … and after its beginning
    out_late: Limit  # T09: how long a cue may stand after the speech
    cut_near_frames: int  # T10 looks this far before a cut, T11 from there on; Subtitle Edit has 8
    cut_out_frames: int  # frames between an out-time and the cut that it belongs to
    cut_out_window: Fraction  # T14: seconds after a cut within which an out-time moves back
    speech_may_cross: bool  # T15: whether a cue may stand across a cut if its speech does
    line_characters: int  # more is a warning …
    hard_line_characters: int  # … and more than this an error
    max_lines: int
    third_line: str  # severity of one line too many
    ellipsis: str  # the form that is right
    dash: str  # what a speaker's line begins with
    label: str  # X10: "lower" [laughs], "capitals" LAUGHS, "brackets" alone
    song: str  # the sign at both ends of sung words
    italics: bool  # whether they are used at all
    written_numbers: int  # X12: up to this in words
    severities: Mapping[str, str] = field(default_factory=dict)

    def judges(self, rule: str) -> bool:
        return self.severities.get(rule) != OFF


TRAINING_FILM = Profile(
    name="training-film",
    min_duration=_seconds("1"),
    hard_min_duration=_seconds("5/6"),
    min_duration_a_word=0,
    max_duration=_seconds("7"),
    cps=15,
    hard_cps=17,
    hard_cps_english=None,
    wpm=130,
    min_gap_frames=2,
    in_early=3,
    in_late=6,
    out_late=Fraction(1, 2),
    cut_near_frames=7,
    cut_out_frames=2,
    cut_out_window=Fraction(1, 2),
    speech_may_cross=True,
    line_characters=42,
    hard_line_characters=45,
    max_lines=2,
    third_line="error",
    ellipsis="…",
    dash="– ",
    label="lower",
    song="♪",
    italics=True,
    written_numbers=10,
    # Texts of law use figures.
    severities=MappingProxyType({"X12": OFF, "X13": OFF}),
)

KIDS = replace(
    TRAINING_FILM,
    name="kids",
    min_duration=_seconds("6/5"),
    hard_min_duration=_seconds("1"),
    cps=12,
    hard_cps=13,
    wpm=100,
    out_late=24,
    line_characters=36,
    hard_line_characters=36,
    label="brackets",
    italics=False,
    severities=MappingProxyType({"X13": OFF}),
)

_NETFLIX_OFF = ("L04", "L06", "L12", "X06", "X07", "X16")

NETFLIX_GENERAL = replace(
    TRAINING_FILM,
    name="netflix-general",
    min_duration=_seconds("5/6"),
    cps=None,
    hard_cps=17,
    hard_cps_english=20,
    wpm=None,
    in_early=2,
    in_late=2,
    line_characters=42,
    hard_line_characters=42,
    dash="-",
    severities=MappingProxyType(
        dict.fromkeys(_NETFLIX_OFF, OFF)
        | {"M01": "warning", "M03": "warning", "M04": "warning"}
        | {"M06": "hint", "M09": "hint", "X14": "error", "T15": "hint"}
    ),
)

_BBC_OFF = (
    *("T05", "T06", "T11", "T18", "L03", "L04", "L05", "L06", "L07", "L08", "L09", "L11", "L12"),
    *("X06", "X07", "X08", "X14", "X15", "X16"),
)

BBC = replace(
    TRAINING_FILM,
    name="bbc",
    min_duration=0,
    hard_min_duration=0,
    min_duration_a_word=_seconds("3/10"),
    cps=None,
    hard_cps=None,
    wpm=180,
    min_gap_frames=None,
    in_early=Fraction(3, 2),
    in_late=Fraction(3, 2),
    out_late=Fraction(3, 2),
    cut_out_frames=0,
    cut_out_window=Fraction(1),
    speech_may_cross=False,
    line_characters=37,
    hard_line_characters=37,
    third_line="warning",
    ellipsis="...",
    dash="",
    label="capitals",
    song="#",
    italics=False,
    severities=MappingProxyType(
        dict.fromkeys(_BBC_OFF, OFF)
        | {"M01": "warning", "M03": "warning", "M04": "warning"}
        | {"M06": "hint", "M09": "hint"}
    ),
)

PROFILES = {profile.name: profile for profile in (TRAINING_FILM, KIDS, NETFLIX_GENERAL, BBC)}


def profile_named(name: str) -> Profile:
    """Raises BadInput PROFILE with the names that there are."""
    if name not in PROFILES:
        raise BadInput(
            "PROFILE",
            f"There is no profile {name!r}.",
            advice=f"The profiles are {', '.join(PROFILES)}.",
        )
    return PROFILES[name]
