"""Films of a few seconds, small and grey, as ingest would hand them over."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from workflow.media.facts import Film
from workflow.media.ffmpeg import find_ffmpeg
from workflow.render.engine import render
from workflow.render.measure import BuildReport
from workflow.render.plan import GOP_SECONDS, Stamp
from workflow.render.recipe import FINAL, Recipe, Style
from workflow.render.segments import FolderSegments
from workflow.render.stitch import time_scale
from workflow.timebase import nominal_rate
from workflow.tracks.cues import Cue

QUICK = replace(FINAL, preset="ultrafast", crf=12, style=Style(size=150))
STAMP = Stamp("Adam hukuklary", "tk", 3, "ab" * 32, "2026-11-24 06:10 UTC")


@dataclass(frozen=True)
class Reel:
    """A film with its files; *original* is an MP4 with picture and AAC sound."""

    film: Film
    mezzanine: Path
    original: Path
    sound: Path | None

    def at(self, frame: int) -> int:
        return self.film.grid.time_of(frame)

    def cue(self, first: int, end: int, text: str = "Salam", **more: Any) -> Cue:
        """A cue on exactly the frames [first, end)."""
        return Cue(f"u{first}", self.at(first), self.at(end), text, **more)

    def render(
        self,
        cues: Sequence[Cue],
        out: Path,
        store: FolderSegments,
        recipe: Recipe = QUICK,
        **more: Any,
    ) -> BuildReport:
        return render(
            self.film,
            self.mezzanine,
            self.original,
            self.sound,
            cues,
            recipe,
            out,
            segments=store,
            **more,
        )


def ffmpeg(*arguments: str | Path) -> None:
    command = [find_ffmpeg(), "-nostdin", "-v", "error", "-y", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def make_reel(
    folder: Path,
    rate: Fraction,
    frames: int,
    picture: str,
    size: tuple[int, int],
    sound: str | None,
) -> Reel:
    scale, _ = time_scale(rate)
    mezzanine, original, flac = folder / "m.mp4", folder / "o.mp4", folder / "s.flac"
    name, _, filters = picture.partition(",")
    equals = ":" if "=" in name else "="
    ffmpeg(
        *(
            "-f",
            "lavfi",
            "-i",
            f"{name}{equals}s={size[0]}x{size[1]}:r={rate}{filters and f',{filters}'}",
        ),
        *("-frames:v", str(frames), "-c:v", "libx264", "-preset", "ultrafast", "-crf", "10"),
        *("-pix_fmt", "yuv420p", "-sc_threshold", "0", "-bf", "2"),
        *("-g", str(GOP_SECONDS * nominal_rate(rate)), "-flags", "+cgop"),
        *("-video_track_timescale", str(scale), mezzanine),
    )
    seconds = f"{float(frames / rate):.6f}"
    if sound:
        ffmpeg("-f", "lavfi", "-i", f"aevalsrc=0.4*sin(700*t*t):s=48000:d={seconds}", flac)
        ffmpeg("-i", mezzanine, "-i", flac, "-c:v", "copy", "-c:a", sound, original)
    else:
        ffmpeg("-i", mezzanine, "-c", "copy", original)
    film = Film(
        hash=hashlib.sha256(original.read_bytes()).hexdigest(),
        mezzanine=hashlib.sha256(mezzanine.read_bytes()).hexdigest(),
        rate=rate,
        frames=frames,
        width=size[0],
        height=size[1],
        has_sound=bool(sound),
    )
    return Reel(film, mezzanine, original, flac if sound else None)


def lumas(path: Path) -> list[np.ndarray]:
    """The luma plane of each frame, in the order shown."""
    with av.open(str(path)) as media:
        frames = media.decode(video=0)
        return [frame.to_ndarray()[: frame.height].astype(np.int16) for frame in frames]


def frames_with_text(path: Path) -> list[int]:
    """Numbers of the frames of a grey film in which something white is drawn."""
    return [number for number, luma in enumerate(lumas(path)) if luma.max() > 200]


def ink(luma: np.ndarray) -> tuple[int, int, int, int]:
    """Top, bottom, left and right of what is drawn white on grey; zeros if nothing is."""
    rows, columns = np.nonzero(luma > 180)
    if not len(rows):
        return 0, 0, 0, 0
    return int(rows.min()), int(rows.max()) + 1, int(columns.min()), int(columns.max()) + 1


def sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
