"""What a render costs, beside one plain ffmpeg burn-in of the same film in the same run: issue 4's table.

    python bench/render.py [--quick] [--minutes 20] [--size 480x360] [--preset fast] [--workers 2] [--out FILE]

--quick, for a busy machine: plain ffmpeg and the cold render work on one round of the loop only, and plain's
seconds are multiplied by the rounds; the other rounds' segments are copies of the first's. What a change costs
is measured on the whole film all the same.

The film is the sample's picture, looped; CPU seconds are user and system of this process and all that it
started. Figures of a busy machine are upper bounds; ratios of CPU seconds hold better than wall seconds.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import av
import numpy as np
import psutil

from workflow.media.facts import Film
from workflow.media.ffmpeg import find_ffmpeg
from workflow.media.ingest import ingest
from workflow.render.ass import captions, document, film_clock
from workflow.render.engine import render
from workflow.render.plan import Stamp, gops, plan_render
from workflow.render.recipe import FINAL, REVIEW_240, SOFT_MP4, Recipe, Style
from workflow.render.run import Run, encode_run, missing
from workflow.render.segments import FolderSegments
from workflow.render.stitch import time_scale
from workflow.render.typeface import FONTS_DIR, use_only_our_fonts
from workflow.timebase import FLICKS_PER_SECOND, FrameGrid, nominal_rate
from workflow.tracks.cues import Cue

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "samples" / "rights.mp4"
RATE = Fraction(24)
PIECE_SECONDS = 76  # of the sample's 77.6: whole GOPs, so that it can be looped by copying
CUE_EVERY_SECONDS = Fraction(
    37, 10
)  # of 1.6 to 3.4 s: one to three segments each, as in a real film
RATES = [Fraction(*r) for r in ((24000, 1001), (24, 1), (25, 1), (30000, 1001), (30, 1), (50, 1))]
RATES.append(Fraction(60000, 1001))
STAMP = Stamp("Adam hukuklary", "tk", 1, "ab" * 32, "now")
TEXTS = (
    "Adam söwdasy ynsan hukuklarynyň agyr bozulmasydyr.",
    "Siz ýeke däl.\nKömek sorap bilersiňiz.",
    "<i>Bu ýerde näme bolýar?</i>",
    "Hukuklaryňyzy biliň we goraň!",
)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--quick", action="store_true", help="Plain and cold on one round.")
    arguments.add_argument("--minutes", type=float, default=20)
    arguments.add_argument("--size", default="480x360")
    arguments.add_argument("--preset", default=FINAL.preset)
    arguments.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    arguments.add_argument("--memory-of", type=Path, help=argparse.SUPPRESS)
    arguments.add_argument("--out", type=Path, default=ROOT / "bench" / "results" / "render.json")
    given = arguments.parse_args()
    if given.memory_of:
        print(json.dumps(memory_of_a_worker(given.memory_of)))
        return
    recipe = replace(FINAL, preset=given.preset)
    width, height = map(int, given.size.split("x"))
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), given.minutes, (width, height), recipe, given.workers)
        bench.quick = given.quick
        result = bench.all()
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n")
    print_table(result["table"])


def print_table(table: list[dict[str, Any]]) -> None:
    print("\n| what | goal | measured | |\n|---|---|---|---|")
    for row in table:
        print(f"| {row['what']} | {row['goal']} | {row['measured']} | {row['met']} |")


class Bench:
    def __init__(
        self, folder: Path, minutes: float, size: tuple[int, int], recipe: Recipe, workers: int
    ) -> None:
        self.folder, self.size, self.recipe, self.workers = folder, size, recipe, workers
        self.loops = max(1, round(minutes * 60 / PIECE_SECONDS))
        self.rows: list[dict[str, Any]] = []
        self.table: list[dict[str, Any]] = []
        self.made = 0
        self.quick = False
        self._make_film()
        self.cues = cues_for(self.film)

    def _make_film(self) -> None:
        piece, sound = self.folder / "piece.mp4", self.folder / "sound.flac"
        self.mezzanine, self.original = self.folder / "m.mp4", self.folder / "o.mp4"
        again = ("-stream_loop", self.loops - 1)
        scale = f"scale={self.size[0]}:{self.size[1]}"
        ffmpeg(
            *("-i", SAMPLE, "-t", PIECE_SECONDS, "-an", "-vf", scale, "-c:v", "libx264"),
            *("-preset", "faster", "-crf", "16", "-g", "48", "-sc_threshold", "0"),
            *("-flags", "+cgop", "-video_track_timescale", "12288", piece),
        )
        ffmpeg(
            *(*again, "-i", piece, "-c", "copy", "-video_track_timescale", "12288"),
            self.mezzanine,
        )
        ffmpeg(*again, "-i", SAMPLE, "-vn", "-t", PIECE_SECONDS * self.loops, sound)
        ffmpeg("-i", self.mezzanine, "-i", sound, "-c:v", "copy", "-c:a", "aac", self.original)
        self.sound = sound
        self.film = Film(
            hash=sha(self.original),
            mezzanine=sha(self.mezzanine),
            rate=RATE,
            frames=int(PIECE_SECONDS * RATE) * self.loops,
            width=self.size[0],
            height=self.size[1],
            has_sound=True,
        )

    def all(self) -> dict[str, Any]:
        store = FolderSegments(self.folder / "segments")
        plain, _ = self.measure("plain ffmpeg", self.plain)
        cold, _ = self.measure("cold", lambda: self.cold(store), plain)
        self.row("cold render", "≤ 1.02 × plain ffmpeg", cold / plain, 1.02, "{:.3f} ×")
        plain *= self.loops if self.quick else 1
        self.stand_in(store, self.recipe)
        ones = [
            self.measure(f"one line, {n}", partial(self.render, self.with_line(n), store), plain)
            for n in (len(self.cues) // 3, len(self.cues) // 2, len(self.cues) * 5 // 6)
        ]
        share = sum(cpu for cpu, _ in ones) / len(ones) / plain
        self.row("one line, final (mean of 3)", "≤ 0.6 % of plain", share, 0.006, "{:.2%}")
        wall = sum(wall for _, wall in ones) / len(ones)
        self.row("the same, wall", "≤ 3 s", wall, 3, "{:.2f} s")
        ten, _ = self.measure("ten lines", lambda: self.render(self.with_ten(), store), plain)
        self.row("ten lines", "≤ 5.5 % of plain", ten / plain, 0.055, "{:.2%}")
        self.review(store, plain)
        cpu, wall = self.measure("nothing", lambda: self.render(self.cues, store), plain)
        self.row("nothing changed, wall", "≤ 1 s", wall, 1, f"{{:.2f}} s ({cpu:.2f} CPU s)")
        self.soft()
        self.two_workers()
        self.memory()
        self.quality()
        exact = [rate for rate in RATES if cue_is_exact(self.folder, rate)]
        self.row("cue pixels and time stamps exact", "7 of 7 rates", 7 - len(exact), 0, "{} wrong")
        return {
            "command": "python bench/render.py " + " ".join(sys.argv[1:]),
            "film": {
                "minutes": round(float(self.film.frames / RATE / 60), 2),
                "frames": self.film.frames,
                "size": list(self.size),
                "cues": len(self.cues),
            },
            "recipe": self.recipe.to_json(),
            "workers": self.workers,
            "quick": self.quick,
            "machine": {
                "cpus": os.cpu_count(),
                "python": platform.python_version(),
                "load_1_5_15": os.getloadavg(),
            },
            "table": self.table,
            "rows": self.rows,
        }

    def row(self, what: str, goal: str, value: float, most: float, form: str) -> None:
        self.table.append(
            {
                "what": what,
                "goal": goal,
                "measured": form.format(value),
                "met": "met" if value <= most else "not met",
                "value": round(value, 5),
            }
        )

    def review(self, store: FolderSegments, plain: float) -> None:
        if self.quick:
            self.stand_in(store, REVIEW_240)
        self.measure(
            "review 240p, first",
            lambda: self.render(self.cues, store, REVIEW_240, version=1),
            plain,
        )
        versions = iter(range(2, 9))
        runs = [
            self.measure(
                f"review, one line, {n}",
                partial(self.render, self.with_line(n), store, REVIEW_240, version=next(versions)),
                plain,
            )
            for n in (len(self.cues) // 3, len(self.cues) // 2, len(self.cues) * 5 // 6)
        ]
        wall = sum(wall for _, wall in runs) / len(runs)
        cpu = sum(cpu for cpu, _ in runs) / len(runs)
        self.row(
            "one line → review build (mean of 3), wall",
            "≤ 1.5 s",
            wall,
            1.5,
            f"{{:.2f}} s ({cpu:.2f} CPU s)",
        )

    def soft(self) -> None:
        """An hour, by copying the packets again and again."""
        hour = self.folder / "hour.mp4"
        again = max(1, round(3600 * RATE / self.film.frames))
        ffmpeg("-stream_loop", again - 1, "-i", self.original, "-c", "copy", hour)
        film = replace(self.film, hash=sha(hour), frames=self.film.frames * again)
        out = self.folder / "soft.mp4"
        cues = cues_for(film)
        store = FolderSegments(self.folder / "none")
        cpu, wall = self.measure(
            "soft MP4 of an hour",
            lambda: render(film, hour, hour, self.sound, cues, SOFT_MP4, out, segments=store),
        )
        self.row("soft subtitles, 60 min, wall", "≤ 5 s", wall, 5, f"{{:.2f}} s ({cpu:.2f} CPU s)")
        hour.unlink()
        out.unlink()

    def two_workers(self) -> None:
        """Some minutes of the film, cold, in turn by one worker and by two, none tied to a core."""
        film = replace(self.film, frames=min(self.film.frames, int(240 * RATE)))
        cues = cues_for(film)

        def cold(workers: int) -> None:
            store = FolderSegments(self.folder / f"cold{len(self.rows)}")
            plan = plan_render(film, cues, self.recipe)
            render(
                film,
                self.mezzanine,
                self.original,
                None,
                cues,
                plan.recipe,
                self.folder / f"cold{len(self.rows)}.mp4",
                segments=store,
                workers=workers,
            )

        seconds = {1: 0.0, 2: 0.0}
        for workers in (1, 2, 1, 2):
            what = f"four minutes, {workers} worker(s)"
            seconds[workers] += self.measure(what, partial(cold, workers))[1]
        self.row("1 → 2 workers, cold", "≥ 1.8 ×", -seconds[1] / seconds[2], -1.8, "{:.2f} ×")
        self.table[-1]["measured"] = f"{seconds[1] / seconds[2]:.2f} ×"

    def memory(self) -> None:
        large = self.folder / "large.mp4"
        ffmpeg(
            *("-i", SAMPLE, "-ss", "10", "-t", "6", "-an", "-vf"),
            "scale=1920:1440:flags=lanczos,crop=1920:1080,noise=alls=2:allf=t",
            *("-c:v", "libx264", "-preset", "veryfast", "-crf", "12", "-g", "48"),
            *("-sc_threshold", "0", "-flags", "+cgop", "-video_track_timescale", "12288", large),
        )
        command = [sys.executable, __file__, "--memory-of", str(large)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        peak = json.loads(done.stdout)
        self.rows.append({"what": "memory at 1080p, MB"} | peak)
        self.row(
            "memory of a worker process, 1080p",
            "≤ 250 MB",
            peak["worker"],
            250,
            f"{{}} MB (its ffmpeg {peak['ffmpeg']})",
        )

    def quality(self) -> None:
        """From an original with open GOPs through ingest and the engine, against one burn-in of the original itself."""
        folder = self.folder / "quality"
        folder.mkdir()
        original, mezzanine = folder / "original.mkv", folder / "made"
        mezzanine.mkdir()
        ffmpeg(
            *("-ss", "12", "-i", SAMPLE, "-t", "20", "-an", "-c:v", "libx264", "-crf", "14"),
            *("-vf", "scale=in_color_matrix=bt601:out_color_matrix=bt709", "-x264-params"),
            "open-gop=1:keyint=250:colorprim=bt709:transfer=bt709:colormatrix=bt709",
            original,
        )
        made = ingest(original, mezzanine, name=original.name)
        film, recipe = made.film, self.recipe
        cues = cues_for(film)
        final = folder / "final.mp4"
        store = FolderSegments(folder / "segments")
        mezzanine_file = made.files["mezzanine"]
        render(film, mezzanine_file, original, None, cues, recipe, final, segments=store)
        script = self.script(film, cues)
        burn = ("-i", original, "-vf", f"ass={script}:fontsdir={FONTS_DIR},format=yuv420p")
        direct, ideal = folder / "direct.mp4", folder / "ideal.mp4"
        ffmpeg(*burn, *x264(recipe, film), direct)
        ffmpeg(*burn, "-c:v", "libx264", "-qp", "0", "-preset", "ultrafast", ideal)
        one, other = vmaf(final, ideal), vmaf(direct, ideal)
        sizes = [path.stat().st_size for path in (final, direct)]
        self.rows.append({"what": "VMAF", "final": one, "direct": other, "bytes": sizes})
        self.row(
            "VMAF below a direct burn-in of the original",
            "≤ 0.5",
            other - one,
            0.5,
            f"{{:.2f}} ({one:.2f} against {other:.2f})",
        )

    @property
    def part(self) -> Film:
        """What plain ffmpeg and the cold render work on."""
        return replace(self.film, frames=self.film.frames // (self.loops if self.quick else 1))

    def cold(self, store: FolderSegments) -> None:
        film = self.part
        cues = [cue for cue in self.cues if cue.end < film.duration]
        out = self.folder / "cold.mp4"
        sound = None if self.quick else self.sound
        render(
            film,
            self.mezzanine,
            self.original,
            sound,
            cues,
            self.recipe,
            out,
            segments=store,
            workers=self.workers,
        )
        out.unlink()

    def stand_in(self, store: FolderSegments, recipe: Recipe) -> None:
        """With --quick: something for every segment of the film that is not there."""
        stamp = STAMP if recipe.form == "review" else None
        plan = plan_render(self.film, self.cues, recipe, stamp=stamp)
        if missing(plan, store):
            encode_run(plan, Run(0, 1), self.mezzanine, store, work=self.folder)
        kept = store.path(plan.segments[0].key)
        for index in missing(plan, store):
            assert plan.segments[index].frames == plan.segments[0].frames
            copy = self.folder / "copy"
            shutil.copy(kept, copy)
            store.put(plan.segments[index].key, copy)

    def script(self, film: Film, cues: list[Cue]) -> Path:
        use_only_our_fonts()
        size = (film.width, film.height)
        shown = captions(cues, film.grid, self.recipe.style)
        path = self.folder / "cues.ass"
        path.write_text(
            document(shown, size, self.recipe.style, film_clock(film.grid)), encoding="utf-8"
        )
        return path

    def plain(self) -> None:
        """One ffmpeg, as anybody would type it, with the same encoder settings and letters."""
        script = self.script(self.film, self.cues)
        sound = ("-an",) if self.quick else ("-i", self.original, "-map", "0:v", "-map", "1:a")
        ffmpeg(
            *("-i", self.mezzanine, *sound, "-frames:v", self.part.frames),
            *("-vf", f"ass={script}:fontsdir={FONTS_DIR}", "-c:a", "copy"),
            *x264(self.recipe, self.film),
            *("-movflags", "+faststart", self.folder / "plain.mp4"),
        )
        (self.folder / "plain.mp4").unlink()

    def with_line(self, *numbers: int) -> list[Cue]:
        return [
            replace(cue, text=f"{cue.text} ({len(numbers)})") if n in numbers else cue
            for n, cue in enumerate(self.cues)
        ]

    def with_ten(self) -> list[Cue]:
        return self.with_line(*((2 * n + 1) * len(self.cues) // 20 for n in range(10)))

    def render(
        self,
        cues: list[Cue],
        store: FolderSegments,
        recipe: Recipe | None = None,
        version: int = 0,
    ) -> None:
        self.made += 1
        out = self.folder / f"{self.made}.mp4"
        stamp = replace(STAMP, version=version) if version else None
        render(
            self.film,
            self.mezzanine,
            self.original,
            self.sound,
            cues,
            recipe or self.recipe,
            out,
            segments=store,
            stamp=stamp,
            workers=self.workers,
        )
        out.unlink()

    def measure(
        self, name: str, work: Callable[[], object], plain: float | None = None
    ) -> tuple[float, float]:
        """CPU and wall seconds."""
        cpu, wall = cpu_seconds(), time.perf_counter()
        work()
        cpu, wall = cpu_seconds() - cpu, time.perf_counter() - wall
        row = {"what": name, "cpu_s": round(cpu, 2), "wall_s": round(wall, 2)}
        if plain:
            row["of_plain"] = round(cpu / plain, 5)
        self.rows.append(row)
        of_plain = f"{row['of_plain']:8.2%}" if plain else ""
        print(f"{name:26} {cpu:8.2f} CPU s {wall:8.2f} s {of_plain}", flush=True)
        return cpu, wall


def cues_for(film: Film) -> list[Cue]:
    cues = []
    start, number = Fraction(1), 0
    while start * FLICKS_PER_SECOND < film.duration - 4 * FLICKS_PER_SECOND:
        length = Fraction(16 + 6 * (number % 4), 10)
        first, end = (int(time * FLICKS_PER_SECOND) for time in (start, start + length))
        cues.append(Cue(f"u{number}", first, end, TEXTS[number % len(TEXTS)]))
        start, number = start + CUE_EVERY_SECONDS, number + 1
    return cues


def x264(recipe: Recipe, film: Film) -> tuple[str, ...]:
    gop = str(2 * nominal_rate(film.rate))
    return ("-c:v", "libx264", "-preset", recipe.preset, "-crf", str(recipe.crf), "-g", gop)


def memory_of_a_worker(film_file: Path) -> dict[str, int]:
    """Peak resident memory, in MB, of a process that has loaded what a worker loads, and of its ffmpeg."""
    import workers.tasks  # noqa: F401, PLC0415  for its weight

    film = Film("f" * 64, "e" * 64, RATE, 144, 1920, 1080, has_sound=False)
    plan = plan_render(film, cues_for(film), FINAL)
    with tempfile.TemporaryDirectory() as folder, peak_of_children() as children:
        run = Run(0, len(gops(film)))
        encode_run(plan, run, film_file, FolderSegments(Path(folder)), work=Path(folder))
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return {"worker": own, "ffmpeg": children[0]}


@contextmanager
def peak_of_children() -> Iterator[list[int]]:
    peak, over = [0], threading.Event()

    def look() -> None:
        me = psutil.Process()
        while not over.wait(0.05):
            for child in me.children(recursive=True):
                try:
                    peak[0] = max(peak[0], child.memory_info().rss >> 20)
                except psutil.Error:
                    continue

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield peak
    finally:
        over.set()
        watcher.join()


def cue_is_exact(folder: Path, rate: Fraction) -> bool:
    """Whether a cue is drawn on its frames and no other, and every frame is at its time."""
    name = f"{rate.numerator}-{rate.denominator}"
    mezzanine, out = folder / f"grey{name}.mp4", folder / f"exact{name}.mp4"
    scale, _ = time_scale(rate)
    ffmpeg(
        *("-f", "lavfi", "-i", f"color=gray:s=160x120:r={rate}", "-frames:v", "200"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-crf", "10", "-pix_fmt", "yuv420p"),
        *("-g", 2 * nominal_rate(rate), "-flags", "+cgop", "-sc_threshold", "0"),
        *("-video_track_timescale", scale, mezzanine),
    )
    film = Film(sha(mezzanine), sha(mezzanine), rate, 200, 160, 120, has_sound=False)
    at = FrameGrid(rate).time_of
    spans = [(0, 1), (7, 11), (60, 101), (119, 121), (199, 200)]
    cues = [Cue(str(first), at(first), at(end), "Salam") for first, end in spans]
    recipe = replace(FINAL, preset="ultrafast", style=Style(size=150))
    store = FolderSegments(folder / "exact")
    render(film, mezzanine, mezzanine, None, cues, recipe, out, segments=store)
    opened: Any = av.open(str(out))
    with opened as media:
        stream = media.streams.video[0]
        frames = [
            (frame.pts * stream.time_base, int(np.max(frame.to_ndarray()[:120])))
            for frame in media.decode(stream)
        ]
    drawn = [number for number, (_, brightest) in enumerate(frames) if brightest > 200]
    times = [time for time, _ in frames]
    return drawn == [frame for first, end in spans for frame in range(first, end)] and times == [
        number / rate for number in range(200)
    ]


def vmaf(film: Path, reference: Path) -> float:
    graph = "[0:v]settb=AVTB,setpts=PTS-STARTPTS[a];[1:v]settb=AVTB,setpts=PTS-STARTPTS[b]"
    command = [find_ffmpeg(), "-nostdin", "-hide_banner", "-i", str(film), "-i", str(reference)]
    command += ["-lavfi", f"{graph};[a][b]libvmaf=n_threads=2", "-f", "null", "-"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stderr
    found = re.search(r"VMAF score: ([\d.]+)", said)
    assert found, said[-500:]
    return round(float(found[1]), 3)


def cpu_seconds() -> float:
    return sum(
        sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )


def ffmpeg(*arguments: str | Path | float) -> None:
    command = [find_ffmpeg(), "-nostdin", "-v", "error", "-y", *map(str, arguments)]
    subprocess.run(command, check=True)


def sha(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


if __name__ == "__main__":
    main()
