"""What differs between two states of a track, as far as an approval is concerned."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from workflow.tracks.compare import CueChange, diff
from workflow.tracks.cues import Cue, cue_hash


def hashes_of(film_hash: str, cues: Iterable[Cue]) -> frozenset[str]:
    return frozenset(cue_hash(film_hash, cue) for cue in cues)


def changes_between(
    film_hash: str, old: Sequence[Cue], new: Sequence[Cue]
) -> tuple[CueChange, ...]:
    """The changes from *old* to *new* that a viewer can see.

    A cue that is the same on the screen but has another uid (the file was made anew) is no change: its
    hash is equal, and it is the hash that carries an approval forward.
    """
    before, after = hashes_of(film_hash, old), hashes_of(film_hash, new)
    return tuple(
        change
        for change in diff(old, new)
        if not (change.kind == "added" and change.new and cue_hash(film_hash, change.new) in before)
        and not (
            change.kind == "removed" and change.old and cue_hash(film_hash, change.old) in after
        )
    )
