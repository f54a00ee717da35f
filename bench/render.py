"""What a render costs, beside one plain ffmpeg burn-in of the same film in the same run.

    python bench/render.py [--minutes 20] [--preset fast] [--workers 2] [--out FILE]

The film is the sample's picture, looped; CPU seconds are user and system of this process and all that it
started. Figures of a busy machine are upper bounds; ratios hold better than seconds.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from workflow.media.facts import Film
from workflow.media.ffmpeg import find_ffmpeg
from workflow.render.ass import captions, document, film_clock
from workflow.render.engine import render
from workflow.render.plan import Stamp
from workflow.render.recipe import FINAL, REVIEW, SOFT_MP4, Recipe
from workflow.render.segments import FolderSegments
from workflow.render.typeface import FONTS_DIR, use_only_our_fonts
from workflow.timebase import FLICKS_PER_SECOND
from workflow.tracks.cues import Cue

ROOT = Path(__file__).parents[1]
RATE = Fraction(24)
PIECE_SECONDS = 76  # of the sample's 77.6: whole GOPs, so that it can be looped by copying
CUE_EVERY_SECONDS = 4
TEXTS = (
    "Adam söwdasy ynsan hukuklarynyň agyr bozulmasydyr.",
    "Siz ýeke däl.\nKömek sorap bilersiňiz.",
    "<i>Bu ýerde näme bolýar?</i>",
    "Hukuklaryňyzy biliň we goraň!",
)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--minutes", type=float, default=5)
    arguments.add_argument("--preset", default=FINAL.preset)
    arguments.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    arguments.add_argument("--out", type=Path, default=ROOT / "bench" / "results" / "render.json")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(
            Path(folder), given.minutes, replace(FINAL, preset=given.preset), given.workers
        )
        result = bench.all()
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n")


class Bench:
    def __init__(self, folder: Path, minutes: float, recipe: Recipe, workers: int) -> None:
        self.folder, self.recipe, self.workers = folder, recipe, workers
        self.loops = max(1, round(minutes * 60 / PIECE_SECONDS))
        self.rows: list[dict[str, Any]] = []
        self.made = 0
        self._make_film()
        seconds = int(self.film.duration // FLICKS_PER_SECOND)
        self.cues = [
            Cue(
                f"u{n}",
                start * FLICKS_PER_SECOND,
                (start + 3) * FLICKS_PER_SECOND,
                TEXTS[n % len(TEXTS)],
            )
            for n, start in enumerate(range(1, seconds - 4, CUE_EVERY_SECONDS))
        ]

    def _make_film(self) -> None:
        piece, sound = self.folder / "piece.mp4", self.folder / "sound.flac"
        self.mezzanine, self.original = self.folder / "m.mp4", self.folder / "o.mp4"
        again = ("-stream_loop", str(self.loops - 1))
        sample = str(ROOT / "samples" / "rights.mp4")
        ffmpeg(
            *(
                "-i",
                sample,
                "-t",
                str(PIECE_SECONDS),
                "-an",
                "-c:v",
                "libx264",
                "-preset",
                "faster",
            ),
            *("-crf", "14", "-g", "48", "-sc_threshold", "0", "-flags", "+cgop"),
            *("-video_track_timescale", "12288", str(piece)),
        )
        ffmpeg(
            *again,
            "-i",
            str(piece),
            "-c",
            "copy",
            "-video_track_timescale",
            "12288",
            str(self.mezzanine),
        )
        ffmpeg(*again, "-i", sample, "-vn", "-t", str(PIECE_SECONDS * self.loops), str(sound))
        ffmpeg(
            *("-i", str(self.mezzanine), "-i", str(sound), "-c:v", "copy", "-c:a", "aac"),
            str(self.original),
        )
        self.sound = sound
        self.film = Film(
            hash=sha(self.original),
            mezzanine=sha(self.mezzanine),
            rate=RATE,
            frames=int(PIECE_SECONDS * RATE) * self.loops,
            width=560,
            height=420,
            has_sound=True,
        )

    def all(self) -> dict[str, Any]:
        plain = self.measure("plain ffmpeg", self.plain)
        store = FolderSegments(self.folder / "segments")
        self.measure("cold", lambda: self.render(self.cues, store), plain)
        self.measure("nothing changed", lambda: self.render(self.cues, store), plain)
        self.measure("one line changed", lambda: self.render(self.with_changes(1), store), plain)
        self.measure("ten lines changed", lambda: self.render(self.with_changes(10), store), plain)
        review = replace(REVIEW, height=None)
        self.measure(
            "review, cold", lambda: self.render(self.cues, store, review, version=1), plain
        )
        self.measure(
            "review, one line changed",
            lambda: self.render(self.with_changes(1), store, review, version=2),
            plain,
        )
        self.measure("soft MP4", lambda: self.render(self.cues, store, SOFT_MP4), plain)
        ru = resource.getrusage
        return {
            "film": {
                "minutes": round(float(self.film.frames / RATE / 60), 2),
                "frames": self.film.frames,
                "size": [self.film.width, self.film.height],
                "cues": len(self.cues),
            },
            "recipe": self.recipe.to_json(),
            "workers": self.workers,
            "machine": {"cpus": os.cpu_count(), "python": platform.python_version()},
            "peak_memory_mb": ru(resource.RUSAGE_SELF).ru_maxrss // 1024,
            "peak_memory_ffmpeg_mb": ru(resource.RUSAGE_CHILDREN).ru_maxrss // 1024,
            "rows": self.rows,
        }

    def plain(self) -> None:
        """One ffmpeg, as anybody would type it, with the same encoder settings and letters."""
        use_only_our_fonts()
        size = (self.film.width, self.film.height)
        shown = captions(self.cues, self.film.grid, self.recipe.style)
        script = document(shown, size, self.recipe.style, film_clock(self.film.grid))
        (self.folder / "cues.ass").write_text(script, encoding="utf-8")
        ffmpeg(
            *("-i", str(self.mezzanine), "-i", str(self.original), "-map", "0:v", "-map", "1:a"),
            *("-vf", f"ass={self.folder}/cues.ass:fontsdir={FONTS_DIR}", "-c:a", "copy"),
            *("-c:v", "libx264", "-preset", self.recipe.preset, "-crf", str(self.recipe.crf)),
            *("-g", "48", "-movflags", "+faststart", str(self.folder / "plain.mp4")),
        )

    def with_changes(self, count: int) -> list[Cue]:
        changed = {(2 * n + 1) * len(self.cues) // (2 * count) for n in range(count)}
        return [
            replace(cue, text=f"{cue.text} ({count})") if n in changed else cue
            for n, cue in enumerate(self.cues)
        ]

    def render(
        self,
        cues: list[Cue],
        store: FolderSegments,
        recipe: Recipe | None = None,
        version: int = 0,
    ) -> None:
        self.made += 1
        stamp = Stamp("Adam hukuklary", "tk", version, "ab" * 32, "now") if version else None
        render(
            self.film,
            self.mezzanine,
            self.original,
            self.sound,
            cues,
            recipe or self.recipe,
            self.folder / f"{self.made}.mp4",
            segments=store,
            stamp=stamp,
            workers=self.workers,
        )

    def measure(self, name: str, work: Callable[[], None], plain: float | None = None) -> float:
        cpu, wall = cpu_seconds(), time.perf_counter()
        work()
        cpu, wall = cpu_seconds() - cpu, time.perf_counter() - wall
        row = {"what": name, "cpu_s": round(cpu, 2), "wall_s": round(wall, 2)}
        if plain:
            row["of_plain"] = round(cpu / plain, 4)
        self.rows.append(row)
        of_plain = f"{row['of_plain']:8.2%}" if plain else ""
        print(f"{name:26} {cpu:8.2f} CPU s {wall:8.2f} s {of_plain}", flush=True)
        return cpu


def cpu_seconds() -> float:
    return sum(
        sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )


def ffmpeg(*arguments: str) -> None:
    command = [find_ffmpeg(), "-nostdin", "-v", "error", "-y", *arguments]
    subprocess.run(command, check=True)


def sha(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


if __name__ == "__main__":
    main()
