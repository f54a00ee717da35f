"""Track documents in the blob store, as cues."""

from __future__ import annotations

from functools import lru_cache

from workflow.store.blobs import Blobs
from workflow.store.house import House
from workflow.tracks.cues import Cue
from workflow.tracks.document import from_document

DOCUMENT_TYPE = "application/json"


def load_cues(house: House, document: str) -> tuple[Cue, ...]:
    """The cues of a stored document, in order."""
    return _cues_of(house.blobs, document)


@lru_cache(maxsize=64)
def _cues_of(blobs: Blobs, document: str) -> tuple[Cue, ...]:
    return from_document(blobs.read(document)).cues
