"""Fitting a track to what is said in the film: by another subtitle file, by the speech itself, or by both.

`align` and its kin take cues and give an `Alignment`, a proposal that a person accepts whole, in part or not.
`detect_speech` listens to a film once; its `Speech` is kept and used again. recut.py lays a track on a new cut
of its film, by the sound of both (fingerprint.py).
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from workflow.align.both import align
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

if TYPE_CHECKING:
    from workflow.align.speech import Speech, detect_speech
    from workflow.align.to_speech import align_to_speech

__all__ = [
    "MOVED_BY_NEIGHBOURS",
    "NO_COUNTERPART",
    "SNAPPED",
    "Agreement",
    "Alignment",
    "Retimed",
    "Segment",
    "Speech",
    "align",
    "align_to_speech",
    "align_to_subtitles",
    "detect_speech",
]

_BY_EAR = {"Speech": "speech", "detect_speech": "speech", "align_to_speech": "to_speech"}
"""Modules that are loaded when they are asked for: subtitles laid on subtitles need no ear."""


def __getattr__(name: str) -> Any:
    if name in _BY_EAR:
        return getattr(import_module(f"{__name__}.{_BY_EAR[name]}"), name)
    raise AttributeError(name)
