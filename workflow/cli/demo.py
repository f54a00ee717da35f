"""`terjime demo`: the whole journey without a browser, over HTTP, through the real queue and workers."""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import httpx

from workflow.errors import BadInput, ToolFailed
from workflow.settings import Settings

PATIENCE_SECONDS = (
    280  # a part that was killed is started again; a job taken over; longer is a fault
)
CHUNK_BYTES = 1 << 20


@dataclass
class Person:
    """Somebody signed in by token. Answers come as JSON; refusals raise with their code.

    A request that the server did not answer (it was being restarted) is sent again: every step of the
    demo can be repeated, because the same request is the same job.
    """

    name: str
    http: httpx.Client
    headers: dict[str, str] = field(default_factory=dict)

    def call(self, method: str, path: str, **rest: Any) -> Any:
        answer = self.send(method, path, **rest)
        return answer.json() if answer.content else {}

    def send(self, method: str, path: str, *, again: bool = True, **rest: Any) -> httpx.Response:
        headers = self.headers | rest.pop("headers", {})
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                answer = self.http.request(method, f"/api/v1{path}", headers=headers, **rest)
            except httpx.TransportError as error:
                if not again or time.monotonic() > deadline:
                    raise ToolFailed("NO_ANSWER", f"The server does not answer: {error}") from error
            else:
                if answer.status_code < 400:
                    return answer
                if answer.status_code not in {502, 503} or time.monotonic() > deadline:
                    raise refusal(method, path, answer)
            time.sleep(0.5)

    def upload(self, project: str, film: Path) -> str:
        """Resumable upload (tus 1.0.0); goes on from what the server has; returns the film's id."""
        data = film.read_bytes()
        told = {"filename": film.name, "sha256": hashlib.sha256(data).hexdigest()}
        metadata = ",".join(f"{k} {base64.b64encode(v.encode()).decode()}" for k, v in told.items())
        tus = {"Tus-Resumable": "1.0.0"}
        created = self.send(
            "POST",
            f"/projects/{project}/uploads",
            headers=tus | {"Upload-Length": str(len(data)), "Upload-Metadata": metadata},
        )
        upload = created.headers["Location"].rstrip("/").rsplit("/", 1)[1]
        while True:
            head = self.send("HEAD", f"/uploads/{upload}", headers=tus)
            offset = int(head.headers["Upload-Offset"])
            if offset == len(data):
                break
            patch = {
                "Upload-Offset": str(offset),
                "Content-Type": "application/offset+octet-stream",
            }
            chunk = data[offset : offset + CHUNK_BYTES]
            try:
                self.send(
                    "PATCH", f"/uploads/{upload}", headers=tus | patch, content=chunk, again=False
                )
            except ToolFailed:
                time.sleep(0.5)  # cut: ask how much arrived and go on from there
        state = self.call("GET", f"/uploads/{upload}")
        if not state["film_id"]:
            raise BadInput("UPLOAD_REFUSED", f"The film was refused: {state['error']}")
        return str(state["film_id"])

    def follow(self, path: str, what: str, job_of: Any) -> Any:
        """Poll *path* until its job is over; tells progress on standard error."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        last = ""
        while time.monotonic() < deadline:
            body = self.call("GET", path)
            job = job_of(body)
            line = f"{what}: {job['state']}, {job['permille'] // 10} % {job['doing']}"
            if line != last:
                click.echo(f"      {line}", err=True)
                last = line
            if job["state"] == "done":
                return body
            if job["state"] in {"failed", "cancelled"}:
                raise ToolFailed("JOB_FAILED", f"{what} {job['state']}: {job['error']}")
            time.sleep(0.4)
        raise ToolFailed("JOB_SLOW", f"{what} was not done after {PATIENCE_SECONDS} s.")


def refusal(method: str, path: str, answer: httpx.Response) -> BadInput:
    try:
        error = answer.json()["error"]
        return BadInput(error["code"], error["message"], where=f"{method} {path}")
    except (ValueError, KeyError, TypeError):
        return BadInput("STRANGE_ANSWER", f"{answer.status_code}", where=f"{method} {path}")


def sign_in(http: httpx.Client, email: str, password: str) -> Person:
    person = Person(email.partition("@")[0], http)
    session = person.call("POST", "/sign-in", json={"email": email, "password": password})
    person.headers["Authentication-Token"] = session["token"]
    return person


def journey(base: str, passwords: dict[str, str], samples: Path, out: Path) -> Path:
    """Sample film and unaligned Turkmen subtitles to the final film in *out*; says each step."""
    with httpx.Client(base_url=base, timeout=60) as http:
        people = {
            email.partition("@")[0]: sign_in(http, email, password)
            for email, password in passwords.items()
        }
        return _journey(people, list(passwords), samples, out)


def _journey(people: dict[str, Person], emails: list[str], samples: Path, out: Path) -> Path:
    producer, translator, reviewer = (people[r] for r in ("producer", "translator", "reviewer"))

    project = producer.call("POST", "/projects", json={"title": "Demo"})["id"]
    for role in ("translator", "reviewer"):
        email = next(e for e in emails if e.startswith(role))
        member = {"email": email, "role": role}
        producer.call("POST", f"/projects/{project}/members", json=member)
    film = producer.upload(project, samples / "rights.mp4")
    click.echo("  1  The producer made a project and uploaded rights.mp4.")

    def send_track(name: str, language: str, kind: str) -> Any:
        return translator.call(
            "POST",
            f"/films/{film}/tracks",
            data={"language": language, "kind": kind, "title": name},
            files={"file": (name, (samples / name).read_bytes())},
        )

    english = send_track("rights.en.srt", "en", "reference")["summary"]["id"]
    track = send_track("rights.tk.unaligned.srt", "tk", "subtitle")["summary"]["id"]
    click.echo("  2  The translator uploaded the English and the unaligned Turkmen subtitles.")
    producer.follow(f"/films/{film}", "ingest", _film_job)

    job = translator.call("POST", f"/tracks/{track}/alignments", json={"reference_track": english})
    translator.follow(f"/jobs/{job['id']}", "align", lambda body: body)
    proposal = translator.call("GET", f"/tracks/{track}")["proposal"]
    translator.call("POST", f"/proposals/{proposal['id']}/accept", json={"cues": "all"})
    click.echo(
        f"  3  {len(proposal['cues'])} lines aligned, confidence {proposal['confidence']:.2f}; "
        "the translator accepted."
    )

    draft = translator.call("GET", f"/tracks/{track}/draft")
    cues = draft["cues"]
    cues[-1]["text"] = cues[-1]["text"].replace("Sag boluň, siz", "Sag boluň! Siz")
    saved = translator.call(
        "PUT",
        f"/tracks/{track}/draft",
        headers={"If-Match": f'"{draft["etag"]}"'},
        json={"cues": cues},
    )
    version = translator.call(
        "POST",
        f"/tracks/{track}/versions",
        headers={"If-Match": f'"{saved["etag"]}"'},
        json={"note": "First version", "acknowledge": True},
    )
    click.echo(f"  4  Version {version['number']} submitted: {version['track_hash'][:8]}.")

    build_id = reviewer.call("POST", f"/versions/{version['id']}/builds", json={"height": 240})[
        "id"
    ]
    build = reviewer.follow(f"/builds/{build_id}", "review build", lambda body: body["job"])
    review = reviewer.call("GET", f"/versions/{version['id']}")
    refuse_unapproved(producer, version["id"])
    reviewer.call(
        "POST",
        f"/versions/{version['id']}/verdicts",
        headers={"Idempotency-Key": str(uuid.uuid4())},
        json={
            "verdict": "approved",
            "reason": "",
            "track_hash": version["track_hash"],
            "film_hash": review["film"]["hash"],
            "recipe_hash": build["recipe_hash"],
            "build_hash": build["build_hash"],
            "watched_permille": 1000,
        },
    )
    click.echo(f"  5  The reviewer watched build {build['build_hash'][:8]} and approved.")

    render = producer.call("POST", f"/versions/{version['id']}/renders", json={"form": "burned"})
    done = producer.follow(f"/renders/{render['id']}", "final render", lambda body: body["job"])
    final = out / str(done["file_name"])
    download(producer, f"/renders/{render['id']}/file", final)
    found = hashlib.sha256(final.read_bytes()).hexdigest()
    if found != done["sha256"]:
        raise ToolFailed("DOWNLOAD_DIFFERS", f"{final} is not what the server said it sent.")
    click.echo("  6  The producer rendered and downloaded the final film.")
    subtitles = producer.send("GET", f"/versions/{version['id']}/subtitles.srt").content
    final.with_suffix(".srt").write_bytes(subtitles)
    click.echo(f"\nSHA-256 {found}")
    return final


def _film_job(film: Any) -> Any:
    if film["state"] == "ready":
        return {"state": "done", "permille": 1000, "doing": ""}
    return film["job"] or {"state": "queued", "permille": 0, "doing": ""}


def refuse_unapproved(producer: Person, version: str) -> None:
    """The server must say no to a final render before the verdict; the demo shows that it does."""
    try:
        producer.call("POST", f"/versions/{version}/renders", json={"form": "burned"})
    except BadInput as no:
        if no.code == "NOT_APPROVED":
            return
        raise
    raise ToolFailed("RENDERED_UNAPPROVED", "The server took an unapproved version for a final.")


def download(person: Person, path: str, target: Path) -> None:
    """Resumes by Range from what is there; the ETag must stay the same."""
    target.unlink(missing_ok=True)
    etag = ""
    for _ in range(60):
        have = target.stat().st_size if target.exists() else 0
        headers = person.headers | ({"Range": f"bytes={have}-", "If-Range": etag} if have else {})
        try:
            with person.http.stream("GET", f"/api/v1{path}", headers=headers) as answer:
                if answer.status_code == 416:
                    return
                if answer.status_code >= 400:
                    answer.read()
                    raise refusal("GET", path, answer)
                etag = answer.headers["ETag"]
                with target.open("ab" if answer.status_code == 206 else "wb") as file:
                    for block in answer.iter_bytes():
                        file.write(block)
            return
        except httpx.TransportError:
            time.sleep(0.5)
    raise ToolFailed("NO_ANSWER", "The final film could not be downloaded.")


@contextmanager
def a_house(data: Path, passwords: dict[str, str]) -> Iterator[str]:
    """A Terjime of its own with the three people in it, on a free port; stopped at the end."""
    from workflow.cli.sample import make_people  # noqa: PLC0415
    from workflow.store.house import open_house  # noqa: PLC0415
    from workflow.store.migrations import upgrade  # noqa: PLC0415

    settings = Settings.from_env(data)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    upgrade(settings.database_url)
    make_people(open_house(settings), passwords)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    base = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "workflow.cli", "up", "--no-sample"]
    command += ["--data", str(data), "--port", str(port)]
    house = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=os.environ.copy())
    try:
        wait_for(base, house)
        yield base
    finally:
        house.send_signal(signal.SIGINT)
        house.wait(30)


def wait_for(base: str, house: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if house.poll() is not None:
            raise ToolFailed("NOT_STARTED", "Terjime ended before it answered; see above.")
        try:
            if httpx.get(f"{base}/healthz", timeout=2).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.3)
    raise ToolFailed("NOT_STARTED", "Terjime did not answer within 60 s.")


@click.command()
@click.option("--out", type=click.Path(path_type=Path), help="Folder for the final film.")
def demo(out: Path | None) -> None:
    """Sample film and unaligned Turkmen subtitles to an approved, delivered film; prints its path last."""
    from workflow.cli.sample import SAMPLE_PEOPLE, sample_file  # noqa: PLC0415

    out = (out or Path("build/demo")).resolve()
    shutil.rmtree(out / "data", ignore_errors=True)
    (out / "data").mkdir(parents=True)
    passwords = {email: secrets.token_urlsafe(12) for email in SAMPLE_PEOPLE}
    click.echo("The main job, over HTTP, through the real queue and workers:\n")
    began = time.monotonic()
    with a_house(out / "data", passwords) as base:
        final = journey(base, passwords, sample_file("rights.mp4").parent, out)
    click.echo(f"Done in {time.monotonic() - began:.0f} s.")
    click.echo(str(final))
