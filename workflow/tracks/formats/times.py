"""Times as subtitle files write them: hours, minutes, seconds and a fraction, in many hands."""

from __future__ import annotations

import re
from fractions import Fraction

from workflow.errors import BadInput
from workflow.sentences import sentence
from workflow.timebase import Flicks, from_seconds, to_ms
from workflow.tracks.formats.codec import Remarks

TIME = (
    r"-?\d{1,5}[ ]*:[ ]*\d{1,3}[ ]*:[ ]*\d{1,3}(?:[ ]*[,.:;][ ]*\d{1,9})?"
    r"|-?\d{1,3}:\d{2}[,.]\d{1,9}"
)
"""Anything that is meant as a time; `read_time` says what is odd about it."""

MINUTES = r"-?\d{1,3}:\d{2}(?![\d:])"
"""Minutes and seconds alone: a time only where a format leaves no doubt that one stands here."""

_FULL = re.compile(r"(-?)(\d+):(\d+):(\d+)(?:([,.:;])(\d+))?")
_SHORT = re.compile(r"(-?)()(\d+):(\d+)(?:([,.])(\d+))?")


def read_time(
    written: str,
    line: int,
    repairs: Remarks,
    *,
    mark: str,
    decimals: int = 3,
    hour_digits: int = 2,
    needs_hours: bool = True,
) -> Flicks:
    """Flicks of *written*, exact: whatever differs from the usual form is told, no value is altered.

    written         what `TIME` found
    mark            what the format puts before the fraction
    decimals        how many figures its fraction has
    hour_digits     how many figures its hours have at least
    needs_hours     whether it lets them away

    Negative times come out negative. Raises BadInput BAD_TIME: minutes and seconds end at 59.
    """
    where = f"line {line}"
    tight = written.replace(" ", "")
    found = _FULL.fullmatch(tight) or _SHORT.fullmatch(tight)
    if not found:
        raise bad_time(line, f"holds {written!r}, which is no time")
    sign, hours, minutes, seconds, point, digits = found.groups()
    if int(minutes) > 59 or int(seconds) > 59:
        raise bad_time(line, f"holds {written!r}: minutes and seconds end at 59")
    if point != mark:
        repairs.add(
            "DECIMAL_MARK",
            sentence(
                "%(written)s has no %(mark)s before the fraction.",
                written=repr(written),
                mark=repr(mark),
            ),
            where,
        )
    if len(digits or "000") != decimals and digits is not None:
        repairs.add(
            "DECIMALS",
            sentence(
                "%(written)s was read as a decimal fraction of a second.", written=repr(written)
            ),
            where,
        )
    if hours == "" and needs_hours:
        repairs.add(
            "HOURS_MISSING", sentence("%(written)s has no hours.", written=repr(written)), where
        )
    elif (
        (hours and len(hours) < hour_digits)
        or len(hours) > 2
        or len(minutes) != 2
        or len(seconds) != 2
        or tight != written
    ):
        repairs.add(
            "TIME_FORM",
            sentence("%(written)s is not in the usual form.", written=repr(written)),
            where,
        )
    if int(hours or 0) >= 24:
        repairs.add(
            "LONG_TIME", sentence("%(written)s is beyond 24 hours.", written=repr(written)), where
        )
    whole = int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds)
    fraction = Fraction(int(digits), 10 ** len(digits)) if digits else Fraction(0)
    time = from_seconds(whole + fraction)
    return -time if sign else time


def bad_time(line: int, why: str) -> BadInput:
    return BadInput(
        "BAD_TIME",
        f"Line {line} {why}.",
        where=f"line {line}",
        advice="Correct it in a text editor.",
    )


def write_time(time: Flicks, *, mark: str, hour_digits: int = 2) -> str:
    """``HH:MM:SS,mmm``, rounded down to the millisecond."""
    ms = to_ms(time)
    hours, rest = divmod(ms, 3_600_000)
    return (
        f"{hours:0{hour_digits}d}:{rest // 60_000:02d}:{rest // 1000 % 60:02d}{mark}{ms % 1000:03d}"
    )
