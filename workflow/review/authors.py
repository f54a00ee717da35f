"""Who had a hand in what a verdict is about. Nobody approves a change that is partly their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from workflow.review.changes import changes_between, hashes_of
from workflow.tracks.cues import Cue, cue_hash, sha256

Authors = Mapping[str, frozenset[str]]  # cue hash, or removal hash → person ids


def removal_hash(hash_of_cue: str) -> str:
    """Names the removal of a cue, as `cue_hash` names the cue."""
    return sha256(f"removed {hash_of_cue}".encode())


def authors_after(
    film_hash: str,
    before: Sequence[Cue],
    after: Sequence[Cue],
    person: str,
    known: Authors,
    approved: frozenset[str],
) -> dict[str, frozenset[str]]:
    """Authors of the cues that *person* changed by saving *after* over *before*; only what is new.

    known       authors so far, by hash
    approved    hashes of the last approved version: what was approved has no authors any more

    A changed cue keeps the authors of what it was made from, so retiming somebody's text by a frame
    does not make it somebody else's. A cue with a new uid was made from those it overlaps in time (a
    split, a joining, a file made anew).
    """
    old_hashes = hashes_of(film_hash, before)
    by_uid = {cue.uid: cue for cue in before}
    made: dict[str, frozenset[str]] = {}
    for cue in after:
        named = cue_hash(film_hash, cue)
        if named in old_hashes or named in approved:
            continue
        source = by_uid.get(cue.uid)
        sources = [source] if source else _overlapping(before, cue)
        hashes = [cue_hash(film_hash, old) for old in sources]
        inherited = [known.get(h, frozenset()) for h in hashes if h not in approved]
        made[named] = frozenset({person}).union(made.get(named, frozenset()), *inherited)
    new_hashes = hashes_of(film_hash, after)
    for cue in before:
        named = cue_hash(film_hash, cue)
        if named not in new_hashes:
            made[removal_hash(named)] = frozenset({person})
    return made


def contributions(
    film_hash: str,
    approved: Sequence[Cue],
    submitted: Sequence[Cue],
    known: Authors,
    submitter: str,
) -> set[tuple[str, str]]:
    """(hash, person) for all that *submitted* changes since the *approved* version, and who did it.

    A removed cue, and a changed one's old look, stand under their removal hash. What nobody is known to
    have done was done by the *submitter*.
    """
    found: set[tuple[str, str]] = set()
    for change in changes_between(film_hash, approved, submitted):
        named = (
            cue_hash(film_hash, change.new)
            if change.new
            else removal_hash(cue_hash(film_hash, change.old))
            if change.old
            else ""
        )
        people = known.get(named) or frozenset({submitter})
        found |= {(named, person) for person in people}
    return found


def _overlapping(cues: Iterable[Cue], cue: Cue) -> list[Cue]:
    return [other for other in cues if other.start < cue.end and cue.start < other.end]
