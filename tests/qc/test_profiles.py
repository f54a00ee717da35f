"""A project's own profile."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from workflow.errors import BadInput
from workflow.qc import PROFILES, LineUp, check, profile_of
from workflow.timebase import FLICKS_PER_SECOND, from_ms
from workflow.tracks.cues import Cue

CUE = [Cue("a", 0, from_ms(2000), "Bu sözlemde otuz sekiz harp bar, şeýle.")]


def severity(rule: str, profile: dict[str, Any], cues: list[Cue] = CUE) -> str | None:
    found = [f.severity for f in check(LineUp(cues, profile=profile_of(profile))) if f.rule == rule]
    return found[0] if found else None


def test_an_empty_profile_is_the_training_film() -> None:
    made = profile_of({})
    assert (made.cps, made.severities) == (15, PROFILES["training-film"].severities)
    assert made.name == "custom"


def test_a_profile_changes_what_it_names_and_keeps_the_rest_of_its_base() -> None:
    made = profile_of(
        {"base": "kids", "name": "Our school", "cps": 13, "min_duration": "4/3", "in_early": "5f", "out_late": 0.75}
    )  # fmt: skip
    assert (made.name, made.cps, made.hard_cps) == ("Our school", 13, 13)
    assert made.min_duration == FLICKS_PER_SECOND * 4 // 3
    assert (made.in_early, made.out_late) == (5, Fraction(3, 4))
    assert made.line_characters == 36


def test_a_profile_gives_a_rule_its_severity_or_switches_it_off() -> None:
    assert severity("T03", {}) == "error"
    assert severity("T03", {"severities": {"T03": "hint"}}) == "hint"
    assert severity("T03", {"severities": {"T03": "off"}}) is None
    assert severity("T03", {"cps": 20, "hard_cps": 20}) is None


def test_a_rule_that_its_base_leaves_out_can_be_switched_on() -> None:
    cues = [Cue("a", 0, from_ms(3000), "Ol 3 kitap aldy.")]
    assert severity("X12", {}, cues) is None
    assert severity("X12", {"severities": {"X12": "warning"}}, cues) == "warning"


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"colour": 1}, "colour"),
        ({"cps": "15"}, "cps"),
        ({"cps": 0}, "cps"),
        ({"cps": True}, "cps"),
        ({"max_lines": 9}, "max_lines"),
        ({"max_lines": None}, "max_lines"),
        ({"min_duration": "soon"}, "min_duration"),
        ({"min_duration": "1/0"}, "min_duration"),
        ({"min_duration": -1}, "min_duration"),
        ({"min_duration": float("nan")}, "min_duration"),
        ({"in_early": "300f"}, "in_early"),
        ({"in_early": "-3f"}, "in_early"),
        ({"dash": "~"}, "dash"),
        ({"italics": "no"}, "italics"),
        ({"name": ""}, "name"),
        ({"severities": {"Z99": "off"}}, "severities.Z99"),
        ({"severities": {"T01": "fatal"}}, "severities.T01"),
        ({"severities": []}, "severities"),
        ({"cps": 18}, "cps"),  # above hard_cps
        ({"line_characters": 50}, "line_characters"),
        ({"min_duration": 8}, "min_duration"),
        ([], "profile"),
    ],
)
def test_a_profile_that_cannot_be_is_refused_with_its_field(body: Any, where: str) -> None:
    with pytest.raises(BadInput) as caught:
        profile_of(body)
    assert (caught.value.code, caught.value.where) == ("PROFILE", where)


def test_a_profile_over_an_unknown_base_is_refused() -> None:
    with pytest.raises(BadInput, match="cinema"):
        profile_of({"base": "cinema"})
