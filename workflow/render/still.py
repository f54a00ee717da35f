"""One picture of a film as a render would draw it: what a person looks at before starting one."""

from __future__ import annotations

import tempfile
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.video.reformatter import ColorRange, Colorspace

from workflow.render.pictures import drawn_frames
from workflow.render.plan import RenderPlan, Segment
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
    """Write *frame* of a burned-in film as PNG into *out*. Raises what `drawn_frames` raises."""
    _, segment = _around(plan, frame)
    with (
        tempfile.TemporaryDirectory(dir=out.absolute().parent, prefix="still.") as name,
        drawn_frames(plan, [segment], mezzanine, Path(name), ffmpeg=ffmpeg) as frames,
    ):
        for number, drawn in enumerate(frames, start=segment.first):
            if number == frame:
                out.write_bytes(_png(drawn))


def _png(frame: Any) -> bytes:
    frame.colorspace, frame.color_range = Colorspace.ITU709, ColorRange.MPEG
    encoder: Any = av.CodecContext.create("png", "w")
    encoder.width, encoder.height, encoder.pix_fmt = frame.width, frame.height, "rgb24"
    encoder.time_base = Fraction(1)
    packets = [*encoder.encode(frame.reformat(format="rgb24")), *encoder.encode(None)]
    return b"".join(map(bytes, packets))


def _around(plan: RenderPlan, frame: int) -> tuple[int, Segment]:
    return next((i, s) for i, s in enumerate(plan.segments) if s.first <= frame < s.end)
