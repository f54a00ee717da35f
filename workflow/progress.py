"""How long work tells what it is doing, and learns that it must stop."""

from __future__ import annotations

from typing import Protocol


class Watch(Protocol):
    """Called by long work about once a second, or more often.

    permille    0 to 1000, never backwards within one run
    doing       what happens now, in a few words a translator understands ("Encoding the picture")

    Raises Cancelled (a person stopped it) or Conflict (another worker has taken the job over): the
    work kills its child processes, removes its temporary files and lets the error pass.
    """

    def __call__(self, permille: int, doing: str) -> None: ...


def unwatched(permille: int, doing: str) -> None:
    """For work that nobody follows."""


def part(watch: Watch, start: int, end: int) -> Watch:
    """The stretch of *watch* from *start* to *end* permille, handed to one step as its whole."""

    def tell(permille: int, doing: str) -> None:
        watch(start + (end - start) * min(max(permille, 0), 1000) // 1000, doing)

    return tell
