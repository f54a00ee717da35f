"""Time as whole flicks, frame rates as fractions, and every rounding rule there is.

One flick is 1/705 600 000 s (OculusVR/Flicks, extended): a frame of every
common rate (23.976 and 29.97 included), a sample of every common audio rate
and a millisecond are all whole numbers of flicks. Conversions happen here and
nowhere else, and each says which way it rounds.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import NamedTuple, TypeAlias

Flicks: TypeAlias = int

FLICKS_PER_SECOND: Flicks = 705_600_000
FLICKS_PER_MS: Flicks = 705_600

STANDARD_RATES: tuple[Fraction, ...] = (
    Fraction(24000, 1001),
    Fraction(24),
    Fraction(25),
    Fraction(30000, 1001),
    Fraction(30),
    Fraction(48),
    Fraction(50),
    Fraction(60000, 1001),
    Fraction(60),
    Fraction(100),
    Fraction(120),
)


def from_ms(ms: int) -> Flicks:
    """Exact."""
    return ms * FLICKS_PER_MS


def to_ms(time: Flicks) -> int:
    """Whole milliseconds, rounded *down*: a cue that starts on a frame must not start after it."""
    return time // FLICKS_PER_MS


def from_seconds(seconds: Fraction | int) -> Flicks:
    """Nearest flick; exact for every common frame and sample time."""
    return round(Fraction(seconds) * FLICKS_PER_SECOND)


def from_float_seconds(seconds: float) -> Flicks:
    """Nearest flick of a measured time (voice activity, a player's clock). Not for file formats."""
    return round(seconds * FLICKS_PER_SECOND)


def to_seconds(time: Flicks) -> Fraction:
    """Exact."""
    return Fraction(time, FLICKS_PER_SECOND)


def from_ticks(ticks: int, time_base: Fraction) -> Flicks:
    """Time of a stream time stamp, nearest flick."""
    return from_seconds(ticks * time_base)


def decimal_seconds(time: Flicks) -> str:
    """Seconds for an ffmpeg argument, microseconds rounded down, e.g. ``12.345678``."""
    sign = "-" if time < 0 else ""
    micros = abs(time) * 1_000_000 // FLICKS_PER_SECOND
    return f"{sign}{micros // 1_000_000}.{micros % 1_000_000:06d}"


class FrameGrid(NamedTuple):
    """Frames of a constant-rate film whose first frame is at time 0."""

    rate: Fraction

    def time_of(self, frame: int) -> Flicks:
        """Start of *frame*; exact for every standard rate, else the nearest flick."""
        # Whole numbers throughout: a plan asks thousands of times, and a Fraction costs ten times as much.
        whole, rest = divmod(frame * FLICKS_PER_SECOND * self.rate.denominator, self.rate.numerator)
        return whole + (2 * rest + (whole & 1) > self.rate.numerator)

    def frame_at(self, time: Flicks) -> int:
        """The frame on screen at *time*."""
        frame = time * self.rate.numerator // (self.rate.denominator * FLICKS_PER_SECOND)
        # A rate that is not a whole number of flicks rounds its frame times: stay consistent with time_of.
        if self.time_of(frame + 1) <= time:
            return frame + 1
        return frame - 1 if self.time_of(frame) > time else frame

    def first_frame_at(self, time: Flicks) -> int:
        """First frame at or after *time*: the first that shows a cue starting then (cues are half-open)."""
        frame = self.frame_at(time)
        return frame if self.time_of(frame) == time else frame + 1

    def snap(self, time: Flicks) -> Flicks:
        """Start of the frame nearest to *time*; a tie goes to the later one."""
        frame = self.frame_at(time)
        before, after = self.time_of(frame), self.time_of(frame + 1)
        return before if time - before < after - time else after

    def timecode(self, time: Flicks) -> str:
        """``HH:MM:SS:FF`` of the frame on screen, non-drop (SMPTE ST 12-1 counting at the nominal rate)."""
        nominal = nominal_rate(self.rate)
        frame = self.frame_at(max(time, 0))
        seconds, rest = divmod(frame, nominal)
        return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}:{rest:02d}"


def nominal_rate(rate: Fraction) -> int:
    """Frames that a timecode counts to a second: 24 for 23.976, 30 for 29.97."""
    return max(1, round(rate))


def nearest_standard_rate(rate: Fraction) -> Fraction:
    """The standard rate closest to a measured *rate*, by ratio."""
    return min(STANDARD_RATES, key=lambda s: abs(s / rate - 1))


def clock(time: Flicks) -> str:
    """``HH:MM:SS.mmm`` for reports and messages, rounded down."""
    sign = "-" if time < 0 else ""
    ms = abs(time) // FLICKS_PER_MS
    return (
        f"{sign}{ms // 3_600_000:02d}:{ms // 60_000 % 60:02d}:{ms // 1000 % 60:02d}.{ms % 1000:03d}"
    )


_RATE = re.compile(r"\d+(?:/\d+|\.\d+)?")


def parse_rate(text: str) -> Fraction:
    """``25``, ``30000/1001``, ``23.976`` as the exact rate they stand for. Raises ValueError."""
    if not _RATE.fullmatch(text.strip()):
        raise ValueError(f"not a frame rate: {text!r}")
    try:
        rate = Fraction(text.strip())
    except ZeroDivisionError:
        rate = Fraction(0)
    if rate <= 0:
        raise ValueError(f"not a frame rate: {text!r}")
    near = nearest_standard_rate(rate)
    return near if abs(near / rate - 1) < Fraction(1, 20_000) else rate
