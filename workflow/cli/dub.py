"""`terjime dub`: from a script and a voice to a dubbed film."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal, cast

import click

from workflow.cli import ProgressLine, print_json
from workflow.cli.align_recording import read_script
from workflow.dub.deliver import open_film
from workflow.dub.film import Dubbed, dub_film
from workflow.dub.locate import SURE
from workflow.dub.mix import STYLES, TARGETS
from workflow.dub.plugins import KINDS, Plugin, find_model, models_in, tick_licence
from workflow.dub.script import DubLine, dub_lines
from workflow.dub.sound import read_recording
from workflow.dub.takes import LineTakes, cut_takes, read_takes
from workflow.errors import BadInput
from workflow.locating import locate_in
from workflow.progress import Watch, part
from workflow.timebase import clock


@click.group()
def dub() -> None:
    """Dub a film."""


@dub.command("mix")
@click.argument("film", type=click.Path(path_type=Path))
@click.option(
    "--script",
    type=click.Path(path_type=Path),
    required=True,
    help="The track that is spoken, timed to the film.",
)
@click.option("--recording", type=click.Path(path_type=Path), help="One long recording of it.")
@click.option(
    "--takes",
    type=click.Path(path_type=Path),
    help="A folder with a sound file for each line, named by its number: 7.wav, 7_2.wav.",
)
@click.option(
    "--mode",
    type=click.Choice(["voice-over", "full"]),
    default="voice-over",
    show_default=True,
    help="Over the lowered original, or on the M&E stem instead of it.",
)
@click.option("--me", "stem", type=click.Path(path_type=Path), help="Music and effects, no voices.")
@click.option(
    "--style",
    type=click.Choice(list(STYLES)),
    default="un",
    show_default=True,
    help="How a voice-over lowers the original and how long it is heard alone first.",
)
@click.option(
    "--loudness",
    type=click.Choice(list(TARGETS)),
    default="ebu-r128",
    show_default=True,
    help="-23 LUFS and -1 dBTP, -16 and -1, or -27 in the dialogue and -2.",
)
@click.option("--language", default="tk", show_default=True, help="Of the dub.")
@click.option(
    "--accept",
    type=click.FloatRange(0, 1),
    default=SURE,
    show_default=True,
    help="Lines found with less confidence are left out until someone has listened to them.",
)
@click.option(
    "--force-fit", is_flag=True, help="Hurry lines by up to 40 % where 15 % is not enough."
)
@click.option(
    "--stems",
    type=click.Path(path_type=Path),
    help="Folder for the mix, dialogue, bed, lines and cue sheet beside the film.",
)
@click.option("-o", "--output", "out", type=click.Path(path_type=Path), required=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def mix(
    film: Path,
    script: Path,
    recording: Path | None,
    takes: Path | None,
    mode: str,
    stem: Path | None,
    style: str,
    loudness: str,
    language: str,
    accept: float,
    force_fit: bool,
    stems: Path | None,
    out: Path,
    as_json: bool,
) -> None:
    """Mix the lines of a script into FILM and write it with the dub first and the original second.

    OUT is a film (.mp4, .mov, .mkv) or the mix alone (.wav). Lines that were not found, or that are much
    too long for their place, are left out and listed; the original is untouched there.
    """
    if (recording is None) == (takes is None):
        raise click.UsageError("Give either --recording or --takes.")
    progress = ProgressLine()
    lines = dub_lines(read_script(script))
    original = open_film(film, watch=part(progress, 0, 20))
    if recording is not None:
        spoken = _from_recording(recording, lines, language, accept, part(progress, 20, 400))
    else:
        spoken = read_takes(cast("Path", takes), len(lines), watch=part(progress, 20, 400))
    dubbed = dub_film(
        original,
        lines,
        spoken.takes,
        out,
        mode=cast("Literal['voice-over', 'full']", mode),
        style=STYLES[style],
        target=TARGETS[loudness],
        stem=stem,
        language=language,
        force_fit=force_fit,
        stems=stems,
        findings=spoken.findings,
        watch=part(progress, 400, 1000),
    )
    progress.done()
    if as_json:
        print_json(dubbed.to_json())
        return
    _summarise(dubbed, lines, out)


def _from_recording(
    recording: Path, lines: tuple[DubLine, ...], language: str, accept: float, watch: Watch
) -> LineTakes:
    texts = [line.text for line in lines]
    located, findings = locate_in(
        recording, texts, language, part(watch, 0, 800), name=recording.name
    )
    heard = read_recording(recording, watch=part(watch, 800, 1000))
    cut = cut_takes(heard, located.lines, accept=accept)
    if not any(take is not None for take in cut.takes):
        raise BadInput(
            "NO_LINES_FOUND",
            "Not one line of the script was found for sure in the recording.",
            where=recording.name,
            advice="Check that it is a recording of this script in this language; "
            "`terjime align recording` shows what was found.",
        )
    return LineTakes(cut.takes, tuple(findings))


def _summarise(dubbed: Dubbed, lines: tuple[DubLine, ...], out: Path) -> None:
    heard = sum(p.in_mix for p in dubbed.placements)
    file = dubbed.delivered.file
    click.echo(
        f"{heard} of {len(lines)} lines in the mix, {file.lufs:.1f} LUFS, {file.true_peak_db:.1f} dBTP;"
        f" written to {out}"
    )
    for placement, line in zip(dubbed.placements, lines, strict=True):
        if placement.status not in {"ok", "tight"}:
            advice = f", {placement.cut} syllables to cut" if placement.cut else ""
            click.echo(
                f"  line {line.number} at {clock(line.start)}: {placement.status.replace('_', ' ')}{advice}"
            )
    for finding in dubbed.findings:
        click.echo(f"  {finding.code}: {finding.message}")


@dub.command("plugins")
@click.option(
    "--models",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="TERJIME_MODELS",
    required=True,
    help="The folder of models; TERJIME_MODELS unless given.",
)
@click.option("--tick", help="KIND/NAME of a model whose non-commercial licence allows your use.")
@click.option("--by", help="Who says so; recorded with the time.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def plugins(folder: Path, tick: str | None, by: str | None, as_json: bool) -> None:
    """List the models of your own for voices, recognition, translation and separation."""
    if (tick is None) != (by is None):
        raise click.UsageError("Give --tick and --by together.")
    if tick is not None and by is not None:
        kind, _, name = tick.partition("/")
        if kind not in KINDS:
            raise click.UsageError(f"--tick is KIND/NAME; the kinds are {', '.join(KINDS)}.")
        tick_licence(folder, find_model(folder, kind, name), by)
    good, bad = models_in(folder)
    ticks = [Plugin(folder, model).tick for model in good]
    if as_json:
        models = [
            {**model.credit, "languages": list(model.languages), "ticked_by": given and given.by}
            for model, given in zip(good, ticks, strict=True)
        ]
        print_json({"models": models, "broken": [error.to_json() for error in bad]})
        return
    for model, given in zip(good, ticks, strict=True):
        word = (
            f": ticked by {given.by}" if given else ": not ticked" if model.non_commercial else ""
        )
        click.echo(f"{model.kind}/{model.folder.name} {model.version}, {model.licence}{word}")
    for error in bad:
        click.echo(str(error))
    if not (good or bad):
        click.echo("There are no models in this folder.")


@dub.command("labels")
@click.option("--data", type=click.Path(path_type=Path), help="Folder of the house.")
def labels(data: Path | None) -> None:
    """What people said of located takes, as JSON lines: examples to refit the confidence with.

    One line for each take with its latest word: accepted, moved or rejected; where it was found and where
    it is; its confidence, flags and what was measured of it. No texts and no names.
    """
    from workflow import stages  # noqa: PLC0415  the other commands of this group need no house
    from workflow.cli.operations import _house  # noqa: PLC0415

    house = _house(data)
    try:
        for label in stages.labels(house):
            click.echo(json.dumps(label, ensure_ascii=False))
    finally:
        house.close()
