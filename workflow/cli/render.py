"""`terjime render`: review builds and finals on plain files, by the engine that the workers use."""

from __future__ import annotations

import datetime
import hashlib
import itertools
import json
import os
import secrets
import shutil
from dataclasses import asdict, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import click

from workflow.cli import ProgressLine, print_json
from workflow.errors import BadInput
from workflow.media.facts import Film
from workflow.media.ingest import ingest
from workflow.media.names import display_name
from workflow.progress import Watch, part
from workflow.render.engine import render as render_film
from workflow.render.plan import Stamp
from workflow.render.recipe import CODECS, FINAL, FORMS, NAMED, PLACES, REVIEW, Recipe, named
from workflow.render.segments import FolderSegments
from workflow.render.sound import Dub
from workflow.settings import Settings
from workflow.timebase import clock
from workflow.tracks.cues import Cue, canonical, track_hash
from workflow.tracks.formats import read_subtitles

FILE = click.Path(path_type=Path)
CACHE_BYTES = 20 << 30  # of segments; those of the render at hand are never removed


@click.group()
def render() -> None:
    """Bring a subtitle track onto a film."""


def _options(command: Any) -> Any:
    for option in (
        click.option("-o", "out", type=FILE, required=True, help="The film to write; a new file."),
        click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output."),
        click.option("--workers", type=click.IntRange(1, 64), default=os.cpu_count() or 1),
        click.option("--cache", type=FILE, help="Folder of what was made before."),
        click.option("--recipe", "recipe_file", type=FILE, help="JSON file of settings."),
        click.option("--like", type=click.Choice(list(NAMED)), help="A recipe that has a name."),
        click.option("--codec", type=click.Choice(CODECS), help="Of the picture."),
        click.option("--height", type=int, help="Lines of the picture; never enlarged."),
        click.option("--watermark", help="Half-transparent across the picture."),
        click.option("--sound", type=click.IntRange(0), help="Which sound of FILM, from 0."),
        click.option("--dub", type=FILE, help="Mix (WAV, FLAC): the first sound of the film."),
        click.option("--dub-language", default="tk", show_default=True, help="Of the mix, BCP 47."),
        click.option("--second", type=FILE, help="Subtitle file of another language."),
        click.option("--second-language", help="Of it, BCP 47."),
        click.option("--second-place", type=click.Choice(PLACES), help="Where it is drawn."),
        click.option("--encoding", help="Of TRACK; without it, judged from its letters."),
        click.option("--language", default="tk", show_default=True, help="Of TRACK, BCP 47."),
        click.option("--track", type=FILE, help="Subtitle file; may be left out beside --dub."),
        click.argument("film", type=FILE),
    ):
        command = option(command)
    return command


@render.command()
@_options
@click.option("--form", type=click.Choice([form for form in FORMS if form != "review"]))
def final(film: Path, form: str | None, **rest: Any) -> None:
    """Write FILM with TRACK in full quality, burned in or as soft subtitles, dubbed or not."""
    recipe, rest = _recipe(FINAL, {"form": form} if form else {}, **rest)
    if recipe.form == "review":
        raise BadInput("RECIPE", "This is the recipe of a review build.", where="form")
    _render(film, recipe, None, **rest)


@render.command()
@_options
@click.option("--title", help="What the stamp calls the film; without it, its file name.")
@click.option("--version", type=click.IntRange(1), default=1, help="Number in the stamp.")
@click.option("--numbers", is_flag=True, help="Draw the number of each cue.")
def review(film: Path, title: str | None, version: int, numbers: bool, **rest: Any) -> None:
    """Write a small, stamped FILM with TRACK burned in, to be watched and judged."""
    more = {"form": "review"} | ({"numbers": True} if numbers else {})
    recipe, rest = _recipe(REVIEW, more, **rest)
    made = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
    stamp = Stamp(title or display_name(film.stem), rest["language"], version, "", made)
    _render(film, recipe, stamp, **rest)


def _render(
    source: Path,
    recipe: Recipe,
    stamp: Stamp | None,
    *,
    track: Path | None,
    second: Path | None,
    dub: Dub | None,
    language: str,
    encoding: str | None,
    cache: Path | None,
    workers: int,
    out: Path,
    as_json: bool,
) -> None:
    if out.exists():
        raise BadInput("OUTPUT_EXISTS", f"There is a file already: {out.name}.", where=out.name)
    cues = _cues(track, encoding) if track else ()
    settings = Settings.from_env()
    folder = cache or _usual_cache()
    progress = ProgressLine()
    film, mezzanine, original, sound = _ingested(
        source, folder, part(progress, 0, 300), settings.ffmpeg
    )
    track_name = track_hash(language, film.hash, cues)
    if stamp:
        stamp = replace(stamp, track_hash=track_name)
    other = _cues(second, encoding) if second else None
    segments = FolderSegments(folder / "segments", limit_bytes=CACHE_BYTES)
    work = folder / "work"
    work.mkdir(parents=True, exist_ok=True)
    unfinished = out.with_name(f".{secrets.token_hex(4)}{out.suffix}")
    report = render_film(
        film,
        mezzanine,
        original,
        sound,
        cues,
        recipe,
        unfinished,
        segments=segments,
        second=other,
        dub=dub,
        stamp=stamp,
        language=language,
        tags=_tags(recipe, track_name, stamp, source),
        watch=part(progress, 300, 1000),
        ffmpeg=settings.ffmpeg,
        workers=workers,
        work=work,
    )
    unfinished.rename(out)
    segments.trim()
    progress.done()
    if as_json:
        print_json({"report": report.to_json(), "track": track_name, "recipe": recipe.hash})
        return
    made = f", {report.encoded_frames} encoded now" if not recipe.is_soft else ""
    click.echo(
        f"{out}: {report.form}, {clock(report.duration)}, {report.frames} frames{made}, {report.cues} cues"
    )


def _tags(recipe: Recipe, track_name: str, stamp: Stamp | None, source: Path) -> dict[str, str]:
    body = {"terjime": recipe.form, "track": track_name, "recipe": recipe.hash}
    if stamp:
        body |= {"stamp": stamp.version_line}
    return {"title": display_name(source.stem), "comment": canonical(body).decode()}


def _recipe(
    usual: Recipe,
    given: dict[str, Any],
    *,
    recipe_file: Path | None,
    like: str | None,
    dub: Path | None,
    dub_language: str,
    second: Path | None,
    second_language: str | None,
    second_place: str | None,
    **rest: Any,
) -> tuple[Recipe, dict[str, Any]]:
    """The recipe: what options say over what the file says over the named one; and the other options."""
    body = _recipe_body(recipe_file)
    if like or "like" in body:
        usual = named(like or body["like"])
    for name in ("codec", "height", "watermark", "sound"):
        value = rest.pop(name)
        if value is not None:
            given[name] = value
    if second is not None:
        said = {"language": second_language, "place": second_place}
        given["second"] = (body.get("second") or {}) | {k: v for k, v in said.items() if v}
    elif second_language or second_place:
        raise click.UsageError("--second-language and --second-place are of a --second track.")
    if dub is not None and body.get("sounds", usual.sounds) == "original":
        given["sounds"] = "both"
    if rest["track"] is None and dub is None:
        raise click.UsageError("Name a subtitle file with --track, or a mix with --dub.")
    body = {name: value for name, value in body.items() if name != "like"}
    mix = Dub(dub, dub_language) if dub is not None else None
    return usual.changed(body | given), rest | {"dub": mix, "second": second}


def _recipe_body(file: Path | None) -> dict[str, Any]:
    if file is None:
        return {}
    try:
        body = json.loads(file.read_bytes())
    except ValueError as error:
        raise BadInput("RECIPE", f"{file.name} is not JSON: {error}.", where=file.name) from error
    if not isinstance(body, dict):
        raise BadInput("RECIPE", f"Not a JSON object: {file.name}.", where=file.name)
    return body


def _cues(file: Path, encoding: str | None) -> tuple[Cue, ...]:
    numbers = itertools.count(1)
    read = read_subtitles(file.read_bytes(), encoding=encoding, uid=lambda: f"cue-{next(numbers)}")
    return read.cues


def _usual_cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "terjime"


def _ingested(
    source: Path, cache: Path, watch: Watch, ffmpeg: str
) -> tuple[Film, Path, Path, Path | None]:
    """The film with its mezzanine, the file that packets are copied from, and its sound, made once."""
    with source.open("rb") as file:
        name = hashlib.file_digest(file, "sha256").hexdigest()
    kept = cache / "films" / name
    if not kept.is_dir():
        arriving = cache / "films" / f".{name[:8]}.{secrets.token_hex(4)}"
        arriving.mkdir(parents=True)
        try:
            _make(source, arriving, watch, ffmpeg)
            arriving.rename(kept)
        finally:
            shutil.rmtree(arriving, ignore_errors=True)
    body = json.loads((kept / "film.json").read_text())
    film = Film(
        **{**body, "rate": Fraction(*body["rate"]), "starts": tuple(body.get("starts", ()))}
    )
    sound = kept / "sound.flac"
    original = kept / "joined.ts" if film.joined else source
    return film, kept / "mezzanine.mp4", original, sound if film.has_sound else None


def _make(source: Path, folder: Path, watch: Watch, ffmpeg: str) -> None:
    made = ingest(source, folder, watch=watch, ffmpeg=ffmpeg, name=source.name)
    for role, file in made.files.items():
        if role not in {"mezzanine", "sound", "joined"}:
            file.unlink()
    made.files["mezzanine"].rename(folder / "mezzanine.mp4")
    if "sound" in made.files:
        made.files["sound"].rename(folder / "sound.flac")
    body = asdict(made.film)
    body["rate"] = [made.film.rate.numerator, made.film.rate.denominator]
    (folder / "film.json").write_text(json.dumps(body))
