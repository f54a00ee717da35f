"""Refusals and failures, all in one tree.

TerjimeError
├── BadInput      the file or value given cannot be used: mend it and try again
├── NotAllowed    this person may not do this
├── NotFound      it does not exist, or this person may not know that it does
├── Conflict      the world moved on since it was looked at: look again
├── ToolFailed    ffmpeg or another part did not do its work: an operator looks
├── ToolMissing   a part that is needed is not there
└── Cancelled     a person stopped the work

Every error has a stable *code* (documented in docs/guide/errors.md), one
sentence that says what, where and how much, and advice on what to do next.
They travel as plain JSON from worker to database to page.
"""

from __future__ import annotations

from typing import Any


class TerjimeError(Exception):
    """What went wrong, in words for a person and a code for a program.

    code       stable, upper case: "TOO_MANY_CUES"
    message    one sentence: what, where, how much
    where      the place, if there is one: "line 12", "cue 412", "stream 1"
    advice     what the person can do now
    details    JSON-safe facts for a page to draw (both texts of a conflict, a list of cues)
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        where: str = "",
        advice: str = "",
        details: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.where = where
        self.advice = advice
        self.details = details or {}

    def __str__(self) -> str:
        place = f" ({self.where})" if self.where else ""
        advice = f" {self.advice}" if self.advice else ""
        return f"{self.code}: {self.message}{place}{advice}"

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.to_json())

    def to_json(self) -> dict[str, Any]:
        """The body of ``{"error": …}`` in the API, on the command line and in the job table."""
        body: dict[str, Any] = {
            "code": self.code,
            "message": self.message,
            "where": self.where,
            "advice": self.advice,
        }
        return body | ({"details": self.details} if self.details else {})


class BadInput(TerjimeError):
    pass


class NotAllowed(TerjimeError):
    pass


class NotFound(TerjimeError):
    pass


class Conflict(TerjimeError):
    pass


class ToolFailed(TerjimeError):
    pass


class ToolMissing(TerjimeError):
    pass


class Cancelled(TerjimeError):
    pass


def _rebuild(kind: type[TerjimeError], body: dict[str, Any]) -> TerjimeError:
    return kind(**body)
