"""Fitting a track to what is said in the film: by another subtitle file, by the speech itself, or by both.

`align` and its kin take cues and give an `Alignment`, a proposal that a person accepts whole, in part or not.
`detect_speech` listens to a film once; its `Speech` is kept and used again.
"""

from workflow.align.subtitles import align_to_subtitles
from workflow.align.values import (
    MOVED_BY_NEIGHBOURS,
    NO_COUNTERPART,
    SNAPPED,
    Agreement,
    Alignment,
    Retimed,
    Segment,
)

__all__ = [
    "MOVED_BY_NEIGHBOURS",
    "NO_COUNTERPART",
    "SNAPPED",
    "Agreement",
    "Alignment",
    "Retimed",
    "Segment",
    "align_to_subtitles",
]
