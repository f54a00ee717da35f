"""`terjime subtitles`: any format to any other, and the checks, on plain files."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import click

from workflow.cli import print_json
from workflow.errors import BadInput
from workflow.qc import PROFILES, FilmFacts, Finding, LineUp, check, profile_named
from workflow.timebase import clock, parse_rate
from workflow.tracks import limits
from workflow.tracks.cues import Cue
from workflow.tracks.formats import (
    Imported,
    ImportReport,
    Repair,
    format_named,
    read_subtitles,
    write_subtitles,
)
from workflow.tracks.script import place_by_source
from workflow.tracks.text import plain

FILE = click.Path(path_type=Path)


@click.group()
def subtitles() -> None:
    """Convert subtitle files and check them."""


@subtitles.command()
@click.argument("src", type=FILE)
@click.argument("dst", type=FILE)
@click.option("--fps", metavar="R", help="Frame rate of the film, e.g. 25 or 24000/1001.")
@click.option("--encoding", metavar="E", help="Of SRC; without it, judged from its letters.")
@click.option("--language", default="tk", show_default=True, help="Of the text, BCP 47.")
@click.option(
    "--source", type=FILE, help="The subtitles that SRC translates, for scripts and XLIFF."
)
@click.option("--source-language", default="en", show_default=True, help="Of --source, BCP 47.")
@click.option("--title", default="", help="Of the film, for formats that name it.")
@click.option("--report", type=FILE, help="Write every repair and loss to this JSON file.")
@click.option("--json", "as_json", is_flag=True, help="Print the report.")
def convert(
    src: Path,
    dst: Path,
    fps: str | None,
    encoding: str | None,
    language: str,
    source: Path | None,
    source_language: str,
    title: str,
    report: Path | None,
    as_json: bool,
) -> None:
    """Write SRC as DST; the ending of DST names its format."""
    target = format_named(dst.suffix or dst.name)
    imported = read_file(src, encoding=encoding, frame_rate=_rate(fps), language=language)
    originals = read_file(source, frame_rate=_rate(fps)).cues if source else ()
    imported = _placed(imported, originals)
    exported = write_subtitles(
        imported.cues,
        target.name,
        language=language,
        frame_rate=_rate(fps),
        sources=_beside(imported.cues, originals) if source else (),
        source_language=source_language,
        title=title,
    )
    dst.write_bytes(exported.data)
    body = _report(imported, exported.losses) | {"written": target.name}
    if report:
        report.write_text(json.dumps(body, ensure_ascii=False, indent=1) + "\n", "utf-8")
    if as_json:
        print_json(body)
    else:
        for remark in (*imported.report.repairs, *imported.report.losses, *exported.losses):
            click.echo(_line(remark), err=True)
        click.echo(f"{len(imported.cues)} cues, {imported.report.format} to {target.name}: {dst}")


@subtitles.command("check")
@click.argument("file", type=FILE)
@click.option("--film", type=FILE, help="The film it belongs to: its frame rate and length.")
@click.option("--source", type=FILE, help="The subtitles that FILE translates.")
@click.option(
    "--profile",
    default="training-film",
    show_default=True,
    type=click.Choice(list(PROFILES)),
    help="Whose rules.",
)
@click.option("--encoding", metavar="E", help="Of FILE; without it, judged from its letters.")
@click.option("--language", default="tk", show_default=True, help="Of FILE, BCP 47.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def check_file(
    file: Path,
    film: Path | None,
    source: Path | None,
    profile: str,
    encoding: str | None,
    language: str,
    as_json: bool,
) -> None:
    """Print where FILE breaks the rules; exit status 0 even if it does."""
    imported = read_file(file, encoding=encoding, language=language)
    findings = check(
        LineUp(
            imported.cues,
            film=_film_facts(film) if film else None,
            source=read_file(source).cues if source else None,
            profile=profile_named(profile),
            language=language,
        )
    )
    if as_json:
        print_json({"findings": [found.to_json() for found in findings]} | _report(imported, ()))
    else:
        for found in findings:
            click.echo(_finding_line(found, imported.cues))
        click.echo(f"{len(imported.cues)} cues, {len(findings)} findings.")


def _placed(imported: Imported, originals: Sequence[Cue]) -> Imported:
    """A script without times with those of the subtitles that it translates."""
    repairs = imported.report.repairs
    if not originals or "NO_TIMES" not in {repair.code for repair in repairs}:
        return imported
    placed = place_by_source(imported.cues, imported.sources, originals)
    told = [Repair("PLACED_BY_SOURCE", f"The times are those of {len(originals)} source cues.")]
    if placed.unsure:
        texts = {cue.uid: cue.text for cue in placed.cues}
        told += [
            Repair("PLACE_UNSURE", f"Look at the times of: {plain(texts[uid])[:80]}")
            for uid in placed.unsure
        ]
    kept = tuple(repair for repair in repairs if repair.code != "NO_TIMES")
    return imported._replace(
        cues=placed.cues, report=imported.report._replace(repairs=(*kept, *told))
    )


def _beside(cues: Sequence[Cue], originals: Sequence[Cue]) -> list[str]:
    """For each cue the text of the originals that are on screen with it for most of their time."""
    texts = []
    first = 0
    for cue in cues:
        while first < len(originals) and originals[first].end <= cue.start:
            first += 1
        together = [
            other.text
            for other in originals[first : first + 20]  # no more are on screen with one cue
            if 2 * (min(other.end, cue.end) - max(other.start, cue.start)) > other.end - other.start
        ]
        texts.append("\n".join(together))
    return texts


def read_file(
    path: Path,
    *,
    encoding: str | None = None,
    frame_rate: Fraction | None = None,
    language: str = "",
) -> Imported:
    """Cues of a subtitle file on this machine; a guess of its encoding is said on standard error.

    No more than the limit is read, however long the file is.
    """
    with path.open("rb") as file:
        data = file.read(limits.MAX_BYTES + 1)
    imported = read_subtitles(
        data, encoding=encoding, frame_rate=frame_rate, language=language, uid=fresh_uid()
    )
    if encoding is None:
        _warn_of_guess(path, imported.report)
    return imported


def fresh_uid() -> Callable[[], str]:
    """Numbers: a file has no uids of its own, and the same file is to give the same output."""
    numbers = itertools.count(1)
    return lambda: str(next(numbers))


def _warn_of_guess(path: Path, report: ImportReport) -> None:
    if not report.encoding or report.encoding.startswith("utf-"):
        return
    if report.sure:
        click.echo(f"{path}: read as {report.encoding}, judged from its letters.", err=True)
    else:
        others = ", ".join(other.encoding for other in report.alternatives)
        click.echo(
            f"{path}: read as {report.encoding}, but {others} would fit too: name it with --encoding.",
            err=True,
        )


def _rate(written: str | None) -> Fraction | None:
    if written is None:
        return None
    try:
        return parse_rate(written)
    except (ValueError, ZeroDivisionError):
        raise BadInput(
            "FRAME_RATE",
            f"{written!r} is not a frame rate.",
            advice="Write 25, 23.976 or 30000/1001.",
        ) from None


def _film_facts(path: Path) -> FilmFacts:
    from workflow.media.probe import probe  # noqa: PLC0415 (PyAV takes long to load)

    facts = probe(path)
    rate = next((s.frame_rate for s in facts.streams if s.type == "video" and s.frame_rate), None)
    if rate is None:
        raise BadInput("NO_VIDEO", f"{path.name} has no picture with a known frame rate.")
    return FilmFacts(rate, facts.duration)


def _report(imported: Imported, export_losses: tuple[Repair, ...]) -> dict[str, Any]:
    body = imported.report.to_json()
    losses = [*body["losses"], *(loss.to_json() for loss in export_losses)]
    return {"cues": len(imported.cues)} | body | {"losses": losses}


def _line(remark: Repair) -> str:
    return f"{remark.where + ': ' if remark.where else ''}{remark.code}: {remark.message}"


def _finding_line(found: Finding, cues: tuple[Cue, ...]) -> str:
    at = clock(cues[found.cue - 1].start)
    return f"{found.cue:>5}  {at}  {found.severity:<7}  {found.rule}  {found.message}"
