"""The numbers that each kind of film is held to (docs: subtitles 1).

Sources: Netflix Timed Text Style Guide (general and timing), BBC Subtitle Guidelines, Code of Good
Subtitling Practice (Ivarsson and Carroll 1998), Subtitle Edit's defaults; training-film and kids are
the product's own. None: the profile has no such rule.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from workflow.errors import BadInput
from workflow.timebase import FLICKS_PER_SECOND, Flicks


def _seconds(value: str) -> Flicks:
    return int(Fraction(value) * FLICKS_PER_SECOND)


@dataclass(frozen=True, slots=True)
class Profile:
    """One column of the table of rules."""

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
    chaining: bool  # whether a gap shorter than half a second closes to the minimum
    cut_far: bool  # T11: whether an in-time 8 frames to half a second before a cut moves away
    cut_out_frames: int  # frames between an out-time and the cut that it belongs to
    cut_out_window: Fraction  # T14: seconds after a cut within which an out-time moves back
    off_grid: bool  # T18
    line_characters: int  # more is a warning …
    hard_line_characters: int  # … and more than this an error
    max_lines: int
    third_line: str  # severity of one line too many
    one_line: bool  # L03
    postpositions: bool  # L06, L07, L09
    ellipsis: str  # the form that is right
    closed_characters: bool  # X15
    numbers: str  # severity of M01


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
    chaining=True,
    cut_far=True,
    cut_out_frames=2,
    cut_out_window=Fraction(1, 2),
    off_grid=True,
    line_characters=42,
    hard_line_characters=45,
    max_lines=2,
    third_line="error",
    one_line=True,
    postpositions=True,
    ellipsis="…",
    closed_characters=True,
    numbers="error",
)

KIDS = replace(
    TRAINING_FILM,
    name="kids",
    min_duration=_seconds("6/5"),
    hard_min_duration=_seconds("1"),
    cps=12,
    hard_cps=13,
    wpm=100,
    line_characters=36,
    hard_line_characters=36,
)

NETFLIX_GENERAL = replace(
    TRAINING_FILM,
    name="netflix-general",
    min_duration=_seconds("5/6"),
    cps=None,
    hard_cps=17,
    hard_cps_english=20,
    wpm=None,
    line_characters=42,
    hard_line_characters=42,
    postpositions=False,
    numbers="warning",
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
    chaining=False,
    cut_far=False,
    cut_out_frames=0,
    cut_out_window=Fraction(1),
    off_grid=False,
    line_characters=37,
    hard_line_characters=37,
    third_line="warning",
    one_line=False,
    postpositions=False,
    ellipsis="...",
    closed_characters=False,
    numbers="warning",
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
