"""Values for the tests of tracks: uids, files read from a string, tracks out of thin air."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from hypothesis import strategies as st

from workflow.timebase import from_ms
from workflow.tracks.cues import Cue, in_order
from workflow.tracks.formats import Imported, read_subtitles

LETTERS = "abäçňöşüýžABÄÇŇÖŞÜÝŽ .,!?-–…0123 <>&{}\\'\"♪жң"


def counter() -> Callable[[], str]:
    numbers = itertools.count(1)
    return lambda: f"c{next(numbers)}"


def read(text: str | bytes, **more: object) -> Imported:
    data = text if isinstance(text, bytes) else text.encode()
    return read_subtitles(data, uid=counter(), **more)  # type: ignore[arg-type]


def repairs(imported: Imported) -> list[str]:
    return [repair.code for repair in imported.report.repairs]


def losses(imported: Imported) -> list[str]:
    return [loss.code for loss in imported.report.losses]


@st.composite
def texts(draw: st.DrawFn) -> str:
    lines = draw(st.lists(st.text(LETTERS, min_size=1, max_size=30), min_size=1, max_size=3))
    kept = [line.strip() or "Söz" for line in lines]
    if draw(st.booleans()):
        kept[0] = f"<i>{kept[0]}</i>"
    return "\n".join(kept)


@st.composite
def tracks(draw: st.DrawFn, step_ms: int = 1) -> tuple[Cue, ...]:
    """One to six cues that do not overlap, on a grid of *step_ms*."""
    cues = []
    time = 0
    for number in range(draw(st.integers(1, 6))):
        start = time + draw(st.integers(0, 90_000)) * step_ms
        time = start + draw(st.integers(1, 9_000)) * step_ms
        place = draw(st.sampled_from([None, None, 8, 5, 1]))
        cues.append(
            Cue(f"c{number + 1}", from_ms(start), from_ms(time), draw(texts()), position=place)
        )
    return in_order(cues)
