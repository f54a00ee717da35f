"""A project's own profile, out of what its people chose, every field checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from fractions import Fraction
from types import MappingProxyType
from typing import Any

from workflow.errors import BadInput
from workflow.qc.profiles import SEVERITIES, TRAINING_FILM, Profile, profile_named
from workflow.qc.rule import RULES
from workflow.timebase import FLICKS_PER_SECOND

_FLICKS = frozenset({"min_duration", "hard_min_duration", "min_duration_a_word", "max_duration"})
_LIMITS = frozenset({"in_early", "in_late", "out_late"})
_WHOLE = {
    "cps": (1, 60),
    "hard_cps": (1, 60),
    "hard_cps_english": (1, 60),
    "wpm": (20, 600),
    "min_gap_frames": (0, 60),
    "cut_near_frames": (0, 60),
    "cut_out_frames": (0, 60),
    "line_characters": (10, 120),
    "hard_line_characters": (10, 120),
    "max_lines": (1, 4),
    "written_numbers": (0, 20),
}
_MAY_BE_NONE = frozenset({"cps", "hard_cps", "hard_cps_english", "wpm", "min_gap_frames"})
_CHOICES = {
    "third_line": ("error", "warning", "hint"),
    "ellipsis": ("…", "..."),
    "dash": ("– ", "–", "- ", "-", ""),
    "label": ("lower", "capitals", "brackets"),
    "song": ("♪", "#"),
}


def profile_of(body: Mapping[str, Any]) -> Profile:
    """A project's own profile: fields of `Profile` over a built-in one.

    body    "base" is the profile it starts from (training-film), "name" its own; durations are seconds
            (a number, or text such as "5/6"), limits "3f" (frames) or seconds, `severities` a
            severity or "off" by rule

    Raises BadInput PROFILE, *where* naming the field.
    """
    if not isinstance(body, Mapping):
        raise _bad("profile", "must be an object")
    base = profile_named(str(body.get("base", TRAINING_FILM.name)))
    known = {f.name for f in fields(Profile)}
    changes: dict[str, Any] = {}
    for name, value in body.items():
        if name == "base":
            continue
        if name not in known:
            raise _bad(str(name), "is no field of a profile")
        changes[name] = _value(name, value, base)
    made = replace(base, **{"name": "custom"} | changes)
    for lower, upper in (
        ("hard_min_duration", "min_duration"),
        ("min_duration", "max_duration"),
        ("cps", "hard_cps"),
        ("line_characters", "hard_line_characters"),
    ):
        low, high = getattr(made, lower), getattr(made, upper)
        if low is not None and high is not None and low > high:
            raise _bad(lower, f"must not be above {upper}")
    return made


def _value(name: str, value: Any, base: Profile) -> Any:
    if name == "name":
        if not isinstance(value, str) or not value.strip() or len(value) > 60:
            raise _bad(name, "must be a name of up to 60 characters")
        return " ".join(value.split())
    if name == "severities":
        return _severities(value, base)
    if name in {"italics", "speech_may_cross"}:
        if not isinstance(value, bool):
            raise _bad(name, "must be true or false")
        return value
    if name in _CHOICES:
        if value not in _CHOICES[name]:
            raise _bad(name, f"must be one of {', '.join(map(repr, _CHOICES[name]))}")
        return value
    if name in _WHOLE:
        if value is None and name in _MAY_BE_NONE:
            return None
        low, high = _WHOLE[name]
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise _bad(name, f"must be a whole number from {low} to {high}")
        return value
    if name in _LIMITS and isinstance(value, str) and value.endswith("f"):
        if not value[:-1].isdecimal() or int(value[:-1]) > 250:
            raise _bad(name, "must be up to 250 frames, as in 3f")
        return int(value[:-1])
    seconds = _fraction(name, value)
    return int(seconds * FLICKS_PER_SECOND) if name in _FLICKS else seconds


def _fraction(name: str, value: Any) -> Fraction:
    if (
        isinstance(value, (int, float, str))
        and not isinstance(value, bool)
        and len(str(value)) < 20
    ):
        try:
            seconds = Fraction(str(value))
        except (ValueError, ZeroDivisionError):
            seconds = Fraction(-1)
        if 0 <= seconds <= 60:
            return seconds
    raise _bad(name, "must be seconds, from 0 to 60")


def _severities(value: Any, base: Profile) -> Mapping[str, str]:
    if not isinstance(value, Mapping):
        raise _bad("severities", "must give a severity by rule")
    for rule, severity in value.items():
        if rule not in RULES:
            raise _bad(f"severities.{rule}", "is no rule")
        if severity not in SEVERITIES:
            raise _bad(f"severities.{rule}", f"must be one of {', '.join(SEVERITIES)}")
    return MappingProxyType({**base.severities, **value})


def _bad(name: str, what: str) -> BadInput:
    return BadInput("PROFILE", f"{name} {what}.", where=name)
