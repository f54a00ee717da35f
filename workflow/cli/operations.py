"""`terjime users | projects | jobs | identify | doctor`: what an operator asks of a running house."""

from __future__ import annotations

import getpass
import hashlib
import shutil
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from workflow.cli import EXIT_STATUS, print_json
from workflow.errors import BadInput, NotFound, TerjimeError, ToolMissing
from workflow.people import Actor, Role
from workflow.settings import Settings
from workflow.store.house import House, open_house

MIN_PASSWORD = 12


def _house(data: Path | None) -> House:
    settings = Settings.from_env(data)
    if settings.database_url == f"sqlite:///{settings.data_dir}/terjime.db" and not (
        (settings.data_dir / "terjime.db").exists()
    ):
        raise NotFound(
            "NO_HOUSE",
            f"There is no Terjime in {settings.data_dir}.",
            advice="Start one with `terjime up`, or name its folder with --data.",
        )
    return open_house(settings)


def _table(rows: list[dict[str, Any]], columns: list[str]) -> None:
    widths = [max([len(c), *(len(str(r[c])) for r in rows)]) for c in columns]
    for row in [dict(zip(columns, columns, strict=True)), *rows]:
        cells = [str(row[c]).ljust(w) for c, w in zip(columns, widths, strict=True)]
        click.echo("  ".join(cells).rstrip())


def _show(name: str, rows: list[dict[str, Any]], columns: list[str], as_json: bool) -> None:
    if as_json:
        print_json({name: rows})
    elif rows:
        _table(rows, columns)
    else:
        click.echo(f"No {name} yet.")


DATA = click.option("--data", type=click.Path(path_type=Path), help="Folder of the house.")
JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")


@click.group()
def users() -> None:
    """People: list, add, password."""


@users.command("list")
@DATA
@JSON
def users_list(data: Path | None, as_json: bool) -> None:
    """Everybody who may sign in."""
    from workflow import stages  # noqa: PLC0415

    rows = [stages.as_json(person) for person in stages.people(_house(data))]
    _show("users", rows, ["email", "name", "active", "is_admin", "may_create_projects"], as_json)


@users.command("add")
@click.argument("email")
@click.option("--name", default="", help="As others see it; the address otherwise.")
@click.option("--admin", is_flag=True, help="Manages people; gives no verdicts.")
@click.option("--producer", is_flag=True, help="May create projects.")
@click.option("--locale", default="en", type=click.Choice(["en", "tk", "ru"]))
@DATA
@JSON
def users_add(
    email: str,
    name: str,
    admin: bool,
    producer: bool,
    locale: str,
    data: Path | None,
    as_json: bool,
) -> None:
    """Add a person; asks for the password, or reads it from standard input."""
    from workflow import stages  # noqa: PLC0415
    from workflow.store.passwords import hash_password  # noqa: PLC0415

    house = _house(data)
    person = stages.create_person(
        house,
        email=email,
        name=name or email,
        password_hash=hash_password(_new_password()),
        is_admin=admin,
        may_create_projects=producer,
        locale=locale,
    )
    if as_json:
        print_json(stages.as_json(person))
    else:
        click.echo(f"{person.email} may sign in.")


@users.command("password")
@click.argument("email")
@DATA
def users_password(email: str, data: Path | None) -> None:
    """Set a new password; ends every session of that person."""
    from workflow.store import accounts  # noqa: PLC0415
    from workflow.store.passwords import hash_password  # noqa: PLC0415

    house = _house(data)
    account = accounts.account_by_email(house, email.lower())
    if account is None:
        raise NotFound("NO_SUCH_PERSON", f"Nobody signs in as {email}.")
    accounts.set_password_hash(house, account.id, hash_password(_new_password()))
    click.echo(f"{email} signs in with the new password from now on.")


def _new_password() -> str:
    if sys.stdin.isatty():
        password = getpass.getpass("New password: ")
        if getpass.getpass("Again: ") != password:
            raise BadInput("PASSWORDS_DIFFER", "The two passwords differ; nothing was changed.")
    else:
        password = sys.stdin.readline().rstrip("\n")
    if len(password) < MIN_PASSWORD:
        raise BadInput(
            "PASSWORD_SHORT", f"A password has at least {MIN_PASSWORD} characters; nothing changed."
        )
    return password


@click.group()
def projects() -> None:
    """Projects: list, add a film."""


@projects.command("list")
@DATA
@JSON
def projects_list(data: Path | None, as_json: bool) -> None:
    """Every project of the house."""
    from workflow import stages  # noqa: PLC0415

    operator = Actor("", is_admin=True)
    rows = [
        {
            "id": project.id,
            "title": project.title,
            "films": len(project.films),
            "tracks": len(project.tracks),
            "members": len(project.members),
        }
        for project in stages.projects_of(_house(data), operator)
    ]
    _show("projects", rows, ["id", "title", "films", "tracks", "members"], as_json)


@projects.command("add-film")
@click.argument("project_id")
@click.argument("film", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@DATA
@JSON
def projects_add_film(project_id: str, film: Path, data: Path | None, as_json: bool) -> None:
    """Put a film of this machine into a project, in its producer's name; it is then taken in as an upload is."""
    from workflow import stages  # noqa: PLC0415

    house = _house(data)
    every = {project.id: project for project in stages.projects_of(house, Actor("", is_admin=True))}
    if project_id not in every:
        raise NotFound("NO_SUCH_PROJECT", f"No project has the id {project_id}.")
    producers = [m for m in every[project_id].members if Role.PRODUCER in m.roles]
    if not producers:
        raise BadInput("NO_PRODUCER", "The project has no producer in whose name a film can come.")
    actor = Actor(producers[0].person_id, roles=frozenset({Role.PRODUCER}))
    added = stages.add_film_file(house, actor, project_id, film, film.name)
    if as_json:
        print_json(stages.as_json(added))
    else:
        click.echo(f"{added.name} is being taken in as film {added.id}.")


@click.group()
def jobs() -> None:
    """Jobs: list, cancel, retry."""


@jobs.command("list")
@click.option("--state", type=click.Choice(["queued", "running", "done", "failed", "cancelled"]))
@DATA
@JSON
def jobs_list(state: str | None, data: Path | None, as_json: bool) -> None:
    """The newest hundred jobs."""
    from workflow import stages  # noqa: PLC0415

    rows = [stages.as_json(job) for job in stages.all_jobs(_house(data), state=state)]
    for row in rows:
        row["error code"] = row["error"]["code"] if row["error"] else ""
    _show("jobs", rows, ["id", "kind", "state", "permille", "attempt", "error code"], as_json)


@jobs.command("cancel")
@click.argument("job_id")
@DATA
def jobs_cancel(job_id: str, data: Path | None) -> None:
    """Stop a job; what it had finished is kept."""
    from workflow import stages  # noqa: PLC0415

    click.echo(stages.cancel_job(_house(data), Actor("", is_admin=True), job_id).state)


@jobs.command("retry")
@click.argument("job_id")
@DATA
def jobs_retry(job_id: str, data: Path | None) -> None:
    """Try a failed job again."""
    from workflow import stages  # noqa: PLC0415

    click.echo(stages.retry_job(_house(data), Actor("", is_admin=True), job_id).state)


@click.command()
@click.option("--migrate", is_flag=True, help="Bring the database to this release first.")
@DATA
@JSON
def doctor(migrate: bool, data: Path | None, as_json: bool) -> None:
    """Look at every part that Terjime needs; exit status 5 when one is missing."""
    settings = Settings.from_env(data)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    if migrate:
        from workflow.store.migrations import upgrade  # noqa: PLC0415

        upgrade(settings.database_url)
    looks: dict[str, Callable[[], str]] = {
        "ffmpeg": lambda: _ffmpeg(settings),
        "fonts": _fonts,
        "voice model": _voice_model,
        "database": lambda: _database(settings),
        "redis": lambda: _redis(settings),
        "workers": lambda: _workers(settings),
        "disk": lambda: _disk(settings),
        "pages": _pages,
    }
    found = []
    for name, look in looks.items():
        try:
            found.append({"part": name, "ok": True, "says": look()})
        except (TerjimeError, OSError, ImportError, ValueError) as error:
            found.append({"part": name, "ok": False, "says": str(error)})
    _show("parts", found, ["part", "ok", "says"], as_json)
    missing = [str(part["part"]) for part in found if not part["ok"]]
    if missing and as_json:
        sys.exit(EXIT_STATUS[ToolMissing])  # the one JSON object has said it
    if missing:
        raise ToolMissing(
            "PARTS_MISSING", f"Not in order: {', '.join(missing)}.", advice="See the lines above."
        )


def _workers(settings: Settings) -> str:
    from workflow.store.house import open_house  # noqa: PLC0415
    from workflow.store.pulse import pulses  # noqa: PLC0415

    _database(settings)  # opening the house would bring its tables up to date
    house = open_house(settings)
    try:
        heard = pulses(house)
    finally:
        house.close()
    if silent := [queue for queue in heard if queue.silent]:
        said = ", ".join(f"{queue.queue} for {queue.seconds} s" for queue in silent)
        raise ToolMissing(
            "WORKERS_SILENT",
            f"No worker was heard of the queues: {said}.",
            advice="Look at their logs, and start them again.",
        )
    return ", ".join(f"{queue.queue}: {queue.seconds} s ago" for queue in heard) or "not asked yet"


def _ffmpeg(settings: Settings) -> str:
    from workflow.media.ffmpeg import find_ffmpeg  # noqa: PLC0415

    return find_ffmpeg(settings.ffmpeg)


def _fonts() -> str:
    from workflow.render.ass import FONTS_DIR  # noqa: PLC0415

    fonts = sorted(path.name for path in FONTS_DIR.glob("*.ttf"))
    if not fonts:
        raise ToolMissing("FONTS_MISSING", f"No fonts in {FONTS_DIR}.")
    return f"{len(fonts)} faces"


def _voice_model() -> str:
    from workflow.align.voice import WEIGHTS, VoiceModel  # noqa: PLC0415

    VoiceModel()
    return f"{WEIGHTS.name}, {WEIGHTS.stat().st_size // 1000} kB"


def _database(settings: Settings) -> str:
    from workflow.store.migrations import current_revision, head_revision  # noqa: PLC0415

    current, head = current_revision(settings.database_url), head_revision()
    if current != head:
        raise ToolMissing("DATABASE_OLD", f"The database is at {current}, this release at {head}.")
    return f"{urlsplit(settings.database_url).scheme}, migration {current}"


def _redis(settings: Settings) -> str:
    """A PING in the protocol's own words: the core knows no Redis library."""
    if settings.broker_socket is not None:
        link = socket.socket(socket.AF_UNIX)
        address: Any = str(settings.broker_socket)
    else:
        url = urlsplit(settings.redis_url)
        link, address = socket.socket(), (url.hostname, url.port or 6379)
    with link:
        link.settimeout(3)
        link.connect(address)
        link.sendall(b"PING\r\n")
        answer = link.recv(64).decode(errors="replace").strip()
    if not answer.startswith(("+PONG", "-NOAUTH")):
        raise ToolMissing("REDIS_STRANGE", f"The broker answered {answer!r}.")
    return "answers"


def _disk(settings: Settings) -> str:
    usage = shutil.disk_usage(settings.data_dir)
    free = f"{usage.free // 1_000_000} MB free"
    if usage.free < 2_000_000_000:
        raise ToolMissing("DISK_LOW", free, advice="Free some space; renders pause below 2 GB.")
    return free


def _pages() -> str:
    manifest = Path(__file__).parents[2] / "web" / "static" / "built" / "manifest.json"
    if not manifest.exists():
        raise ToolMissing("PAGES_MISSING", "The pages are not built.", advice="Run: make setup")
    return "built"


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@DATA
@JSON
def identify(file: Path, data: Path | None, as_json: bool) -> None:
    """Say what FILE is: by its bytes, or by the tag that it carries if it was changed since."""
    from workflow import stages  # noqa: PLC0415
    from workflow.delivery.tags import tag_of_file  # noqa: PLC0415

    with file.open("rb") as opened:
        sha256 = hashlib.file_digest(opened, "sha256").hexdigest()
    operator = Actor("", is_admin=True)
    found = stages.what_is(_house(data), operator, f"{sha256} {tag_of_file(file)}")
    if as_json:
        print_json(stages.as_json(found) | {"sha256": sha256})
        return
    sure = "exactly" if found.matched == "bytes" else "changed since, by its tag"
    click.echo(f"{file.name}: {found.kind} ({sure}) of {found.film}, project {found.project}")
    if found.version is not None:
        by = f"approved by {found.approved_by}" if found.approved_by else "approved by nobody"
        newer = "" if found.current else f"; overtaken by version {found.latest}"
        click.echo(f"{found.language}, version {found.version}, {found.state}, {by}{newer}")
