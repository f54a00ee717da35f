"""One picture of a film as a render would draw it: what a person looks at before starting one."""

from __future__ import annotations

import tempfile
from pathlib import Path

from workflow.media.ffmpeg import run_ffmpeg
from workflow.render.ass import MS_PER_FRAME
from workflow.render.plan import RenderPlan, Segment
from workflow.render.run import Run, drawing
from workflow.timebase import FLICKS_PER_MS
from workflow.tracks.cues import canonical, sha256

_TRIED = 50  # captions, those with most text


def telling_frame(plan: RenderPlan) -> int:
    """A frame on which much text is drawn; half of the film's where there is none."""
    longest = sorted(plan.captions, key=lambda caption: -len(caption.text))[:_TRIED]
    middles = sorted({(caption.first + caption.end) // 2 for caption in longest})
    if not middles:
        return plan.film.frames // 2

    def text(frame: int) -> int:
        shown = (c for c in plan.captions if c.first <= frame < c.end)
        return sum(len(caption.text) for caption in shown)

    return min(max(middles, key=text), plan.film.frames - 1)


def still_key(plan: RenderPlan, frame: int) -> str:
    """Names the picture as a segment is named: by all that it shows."""
    return sha256(canonical(["still/1", _around(plan, frame)[1].key, frame]))


def draw_still(
    plan: RenderPlan, frame: int, mezzanine: Path, out: Path, *, ffmpeg: str = ""
) -> None:
    """Write *frame* of a burned-in film as PNG into *out*. Raises what `run_ffmpeg` raises."""
    index, segment = _around(plan, frame)
    with tempfile.TemporaryDirectory(dir=out.absolute().parent, prefix="still.") as name:
        arguments = drawing(plan, Run(index, index + 1), mezzanine, Path(name))
        chosen = f",select=eq(n\\,{frame - segment.first})"
        arguments[arguments.index("-vf") + 1] += chosen
        run_ffmpeg(
            [
                *arguments,
                *("-frames:v", "1", "-c:v", "png", "-f", "image2", "-y"),
                f"file:{out.absolute()}",
            ],
            duration=segment.frames * MS_PER_FRAME * FLICKS_PER_MS,
            doing="Drawing a picture",
            ffmpeg=ffmpeg,
            cwd=Path(name),
        )


def _around(plan: RenderPlan, frame: int) -> tuple[int, Segment]:
    return next((i, s) for i, s in enumerate(plan.segments) if s.first <= frame < s.end)
