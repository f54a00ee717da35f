"""What packages are made from, in small."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from workflow.delivery.contents import FinishedFilm, Loudness, Material, Stored
from workflow.timebase import FLICKS_PER_SECOND
from workflow.tracks.cues import Cue

SECOND = FLICKS_PER_SECOND
CUES = (
    Cue("a", SECOND, 2 * SECOND, "Salam, <i>dostlar</i>!"),
    Cue("b", 5 * SECOND // 2, 7 * SECOND // 2, "Ýagdaýyňyz </script> & <b>nähili</b>?", position=8),
    Cue("c", 4 * SECOND, 9 * SECOND // 2, "Sag boluň."),
)


def film(form: str = "burned", name: str = "Ýol.tk.v2.mp4", **more: Any) -> FinishedFilm:
    given: dict[str, Any] = {
        "name": name,
        "file": Stored("ab" * 32, 1234),
        "form": form,
        "height": 480,
        "duration": 5 * SECOND,
        "manifest": {"form": "terjime-manifest/1", "output": {"sha256": "ab" * 32}},
        "loudness": Loudness(-23.1, 4.0, -1.5),
    }
    return FinishedFilm(**(given | more))


def material(*films: FinishedFilm, **more: Any) -> Material:
    given: dict[str, Any] = {
        "title": "Ýol hereketi №2",
        "language": "tk",
        "number": 2,
        "track_hash": "cd" * 32,
        "inputs": {"film": "01" * 32, "mezzanine": "02" * 32, "sound": None, "document": "03" * 32},
        "cues": CUES,
        "rate": Fraction(25),
        "duration": 5 * SECOND,
        "films": films or (film(),),
        "poster": Stored("ef" * 32, 99),
        "approval": {"verdict": "approved", "reviewer": "Murat"},
        "approver": "Murat",
        "approved": 1_795_510_645_000,
        "findings": [
            {
                "rule": "T03",
                "cue": 2,
                "uid": "b",
                "severity": "warning",
                "message": "17 cps",
                "fix": False,
            }
        ],
        "tools": {"terjime": "1"},
        "formats": ("srt", "vtt"),
    }
    return Material(**(given | more))
