"""`terjime` on the command line: parse, call a room, print.

Exit status: 0 done, 2 wrong usage, 3 the input was refused, 4 the work
failed, 5 something that it needs is missing. With ``--json`` one JSON object
goes to standard output and nothing else; progress goes to standard error.
Each group of commands is a module of this package, named like its room.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import sys
import threading
from collections.abc import Mapping
from typing import Any, NoReturn

gc.set_threshold(50_000)  # a command that lives for a moment makes little garbage
# Nothing here multiplies matrices so large that threads gain more than starting them costs (30 ms of CPU).
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import click  # noqa: E402

from workflow.errors import (  # noqa: E402
    BadInput,
    Cancelled,
    Conflict,
    NotAllowed,
    NotFound,
    TerjimeError,
    ToolFailed,
    ToolMissing,
)

EXIT_STATUS: dict[type[TerjimeError], int] = {
    BadInput: 3,
    NotAllowed: 3,
    NotFound: 3,
    Conflict: 3,
    ToolFailed: 4,
    Cancelled: 4,
    ToolMissing: 5,
}

COMMANDS = {
    # command → module:attribute; loaded when used, so that `terjime --help` does not import the engines
    "media": "workflow.cli.media:media",
    "subtitles": "workflow.cli.subtitles:subtitles",
    "align": "workflow.cli.align:align",
    "dub": "workflow.cli.dub:dub",
    "render": "workflow.cli.render:render",
    "up": "workflow.cli.server:up",
    "demo": "workflow.cli.demo:demo",
    "users": "workflow.cli.operations:users",
    "projects": "workflow.cli.operations:projects",
    "jobs": "workflow.cli.operations:jobs",
    "identify": "workflow.cli.operations:identify",
    "storage": "workflow.cli.storage:storage",
    "doctor": "workflow.cli.operations:doctor",
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are used: *elsewhere* is like COMMANDS."""

    def __init__(self, *given: Any, elsewhere: Mapping[str, str], **more: Any) -> None:
        super().__init__(*given, **more)
        self.elsewhere = elsewhere

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*super().list_commands(ctx), *self.elsewhere]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.elsewhere:
            return super().get_command(ctx, cmd_name)
        module, attribute = self.elsewhere[cmd_name].split(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command


@click.group(
    cls=LazyGroup, elsewhere=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(package_name="terjime")
def terjime() -> None:
    """Takes a training film to its approved Turkmen subtitles, and delivers it."""


def print_json(body: dict[str, Any]) -> None:
    click.echo(json.dumps(body, ensure_ascii=False))


class ProgressLine:
    """A Watch that writes one changing line to standard error, and nothing when that is not a terminal."""

    def __call__(self, permille: int, doing: str) -> None:
        if sys.stderr.isatty():
            click.echo(f"\r\033[K{permille / 10:5.1f} %  {doing}", nl=False, err=True)

    def done(self) -> None:
        if sys.stderr.isatty():
            click.echo("\r\033[K", nl=False, err=True)


def refuse(error: TerjimeError) -> NoReturn:
    """Says a refusal in one line, and as JSON where that was asked for; ends with its exit status."""
    if "--json" in sys.argv:
        print_json({"error": error.to_json()})
    click.echo(f"terjime: {error}", err=True)
    sys.exit(next(status for kind, status in EXIT_STATUS.items() if isinstance(error, kind)))


def main() -> None:
    """Every refusal becomes one line and an exit status, never a traceback."""
    try:
        terjime.main(standalone_mode=False)
    except click.exceptions.Exit as leave:
        sys.exit(leave.exit_code)
    except click.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except TerjimeError as error:
        refuse(error)
    except OSError as error:
        refuse(BadInput("FILE", f"{error.strerror or error}.", where=str(error.filename or "")))
    except Exception:
        import tempfile  # noqa: PLC0415  two modules that a command which works has no use for
        import traceback  # noqa: PLC0415

        # Not for the person's eyes: an operator opens the file.
        with tempfile.NamedTemporaryFile(
            "w", prefix="terjime-", suffix=".log", delete=False
        ) as log:
            traceback.print_exc(file=log)
        click.echo(
            f"terjime: UNEXPECTED: something went wrong; your files are as they were. "
            f"Please report it with {log.name}.",
            err=True,
        )
        sys.exit(4)


def run() -> None:
    """Entry point: `main`, and then the process ends without taking apart what it holds.

    That is a tenth of a short command's time.
    """
    bytes(31 << 20)  # given back at once: from now on glibc keeps what is freed for what comes next
    main()
    if threading.active_count() > 1:
        return
    atexit._run_exitfuncs()  # what the end of the interpreter would call
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
