"""The frames of a film that a worker encodes, brought to its machine without the rest of the film."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from workflow.media.index import FilmIndex
from workflow.store.house import House
from workflow.store.tables import FilmFile


def frames_of_film(
    house: House, film_id: str, mezzanine: str, stretches: Iterable[tuple[int, int]]
) -> Path:
    """A file of this machine in which at least these *stretches* of frames, [first, end), are.

    From a store far away only those come, where ingest wrote an index; some blocks even if there are none.
    """
    with house.read() as session:
        found = session.get(FilmFile, {"film_id": film_id, "role": "index"})
    if found is None:  # taken in by an older Terjime
        return house.blobs.existing(mezzanine)
    index = FilmIndex.from_bytes(house.blobs.existing(found.sha256).read_bytes())
    wanted = [part for first, end in [(0, 0), *stretches] for part in index.ranges(first, end)]
    return house.blobs.partial(mezzanine, index.blocks, wanted)
