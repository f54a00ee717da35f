"""One render over several workers, through the real queue, and one changed line through the web.

    python -m bench distributed
    python bench/distributed.py [--minutes 4] [--long-minutes 20] [--only workers|edit] [--out FILE]

`workers`: a cold final of one film by one plain ffmpeg, and in turn by one worker and by two, twice.
`edit`: a film of twenty minutes and low resolution is uploaded to a running house; one line is changed
and submitted, and the clock stops when the build can be watched. CPU seconds are user and system of the
workers and all that they start. On a busy machine CPU seconds hold better than seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import psutil
from sqlalchemy import delete, update

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.builders import QUICK, Team, approved, cue, ready_film, settings_in, srt, team, track_on  # noqa: E402
from tests.processes import Broker, Workers  # noqa: E402
from workers.app import app  # noqa: E402
from workflow import stages  # noqa: E402
from workflow.cli.demo import Person, a_house, sign_in  # noqa: E402
from workflow.cli.sample import SAMPLE_PEOPLE  # noqa: E402
from workflow.media.ffmpeg import find_ffmpeg  # noqa: E402
from workflow.render.ass import captions, document, film_clock  # noqa: E402
from workflow.render.recipe import FINAL  # noqa: E402
from workflow.render.typeface import FONTS_DIR, use_only_our_fonts  # noqa: E402
from workflow.settings import Settings  # noqa: E402
from workflow.stages.films import known_film  # noqa: E402
from workflow.store import ledger  # noqa: E402
from workflow.store.house import House, open_house, remember_blob  # noqa: E402
from workflow.store.tables import Film, FilmFile, Job, Render, Segment  # noqa: E402

SIZE = (640, 360)
LONG_SIZE = (320, 180)
RATE = 25


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--minutes", type=float, default=4)
    arguments.add_argument("--long-minutes", type=float, default=20)
    arguments.add_argument("--only", choices=["workers", "edit"])
    arguments.add_argument("--out", type=Path, default=ROOT / "bench/results/distributed.json")
    given = arguments.parse_args()
    result: dict[str, Any] = (
        json.loads(given.out.read_text()) if given.only and given.out.exists() else {}
    )
    result["command"] = " ".join(["python", "bench/distributed.py", *sys.argv[1:]])
    result["machine"] = {"cpus": os.cpu_count(), "load": round(os.getloadavg()[0], 1)}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if given.only != "edit":
            (folder / "workers").mkdir()
            result["workers"] = one_and_two_workers(folder / "workers", given.minutes)
        if given.only != "workers":
            (folder / "edit").mkdir()
            result["edit"] = one_line_through_the_web(folder / "edit", given.long_minutes)
    given.out.write_text(json.dumps(result, indent=2) + "\n")


def moving_film(out: Path, size: tuple[int, int], seconds: int, *, with_sound: bool) -> None:
    """A picture with detail that moves and changes, which costs about what a real film costs."""
    source = f"mandelbrot=size={size[0]}x{size[1]}:rate={RATE}:end_scale=0.02:maxiter=200"
    subprocess.run(
        [
            *(find_ffmpeg(), "-v", "error", "-y", "-f", "lavfi", "-i", source),
            *(("-f", "lavfi", "-i", "sine=sample_rate=48000") if with_sound else ()),
            *("-t", "30", "-c:v", "libx264", "-preset", "veryfast", "-crf", "16", "-g", "50"),
            *("-sc_threshold", "0", "-flags", "+cgop", "-pix_fmt", "yuv420p", f"{out}.30.mp4"),
        ],
        check=True,
    )
    again = ("-stream_loop", str(seconds // 30 - 1), "-i", f"{out}.30.mp4", "-c", "copy")
    subprocess.run([find_ffmpeg(), "-v", "error", "-y", *again, str(out)], check=True)


def lines(seconds: int) -> bytes:
    cues = [
        (s + 0.5, s + 3.5, f"Bu setir {s} sekuntda başlanýar.") for s in range(0, seconds - 4, 4)
    ]
    return srt(*cues)


# --- one worker and two -------------------------------------------------------------------------


def one_and_two_workers(folder: Path, minutes: float) -> dict[str, Any]:
    seconds = round(minutes * 2) * 30
    picture, sound = folder / "m.mp4", folder / "s.flac"
    moving_film(picture, SIZE, seconds, with_sound=False)
    tone = ("-f", "lavfi", "-i", f"sine=duration={seconds}:sample_rate=48000", str(sound))
    subprocess.run([find_ffmpeg(), "-v", "error", "-y", *tone], check=True)
    broker = Broker(folder / "redis.sock", folder / "redis")
    broker.start()
    data = folder / "data"
    data.mkdir()
    as_run = {name: getattr(Settings, name) for name in QUICK}
    settings = replace(settings_in(data, redis_url=broker.url), **as_run)
    house = open_house(settings)
    people = team(house)
    film_id = film_of(people, picture, sound, seconds)
    version = approved(people, track_on(people, film_id, lines(seconds)).summary.id)
    render = stages.start_render(house, people.producer, version.id, None)
    with house.write() as session:
        session.execute(update(Job).where(Job.kind == "build").values(state="done", parts_left=0))
    rows = [plain(folder, house, film_id, picture, seconds)]
    workers = Workers(settings, folder)
    workers.start_sweeper()
    try:
        for count in (1, 2, 1, 2):
            for number in range(count):
                workers.start(f"w{number}", "render")
            rows.append(cold(house, people, broker, workers, render.id, f"{count} worker(s)"))
            for number in range(count):
                workers.kill_tree(f"w{number}")
    finally:
        workers.stop()
        broker.stop()
    hashes = {row.pop("sha256") for row in rows if "sha256" in row}
    plain_cpu = rows[0]["cpu_s"]
    for row in rows[1:]:
        row["cpu_of_plain"] = round(row["cpu_s"] / plain_cpu, 3)
    one, two = (sum(row["wall_s"] for row in rows[begin::2]) for begin in (1, 2))
    result = {
        "film": {"minutes": minutes, "size": SIZE, "rate": RATE},
        "rows": rows,
        "same_bytes": len(hashes) == 1,
        "speed_up": round(one / two, 2),
    }
    print(json.dumps({key: result[key] for key in ("same_bytes", "speed_up")}))
    house.close()
    return result


def film_of(people: Team, picture: Path, sound: Path, seconds: int) -> str:
    """An ingested film with these files."""
    house = people.house
    film_id = ready_film(people, seconds=seconds)
    kept = {
        "mezzanine": house.blobs.put_bytes(picture.read_bytes()),
        "sound": house.blobs.put_bytes(sound.read_bytes()),
    }
    with house.write() as session:
        film = session.get_one(Film, film_id)
        film.width, film.height = SIZE
        for role, (sha256, size) in kept.items():
            remember_blob(session, sha256, size, "application/octet-stream")
            session.get_one(FilmFile, {"film_id": film_id, "role": role}).sha256 = sha256
        film.original = kept["mezzanine"][0]  # a film without sound of its own: AAC from the FLAC
    return film_id


def plain(folder: Path, house: House, film_id: str, picture: Path, seconds: int) -> dict[str, Any]:
    """One ffmpeg with the same settings and letters, sound included."""
    use_only_our_fonts()
    with house.read() as session:
        film = known_film(session, session.get_one(Film, film_id))
    cues = cues_of(seconds)
    shown = captions(cues, film.grid, FINAL.style)
    script = document(shown, SIZE, FINAL.style, film_clock(film.grid))
    (folder / "cues.ass").write_text(script, encoding="utf-8")
    command = [
        *(find_ffmpeg(), "-nostdin", "-v", "error", "-y", "-i", str(picture)),
        *("-i", str(folder / "s.flac"), "-map", "0:v", "-map", "1:a"),
        *("-vf", f"ass={folder}/cues.ass:fontsdir={FONTS_DIR}", "-c:a", "aac", "-b:a"),
        *(f"{FINAL.sound_kbps}k", "-c:v", "libx264", "-preset", FINAL.preset),
        *("-crf", str(FINAL.crf), "-g", "50", "-movflags", "+faststart", str(folder / "p.mp4")),
    ]
    return measured("plain ffmpeg", lambda: subprocess.run(command, check=True), None)


def cues_of(seconds: int) -> list[Any]:
    return [
        cue(s * 1000 + 500, s * 1000 + 3500, f"Bu setir {s} sekuntda başlanýar.")
        for s in range(0, seconds - 4, 4)
    ]


def cold(
    house: House, people: Team, broker: Broker, workers: Workers, render_id: str, name: str
) -> dict[str, Any]:
    """The final from nothing, as if no segment had ever been made."""
    job_id = stages.render_view(house, render_id).job.id
    with house.write() as session:
        session.execute(delete(Segment))
        session.execute(update(Render).values(output=None, manifest=None, report=None))
        session.execute(update(Job).where(Job.kind != "ingest").values(state="cancelled"))
    stages.retry_job(house, people.producer, job_id)

    def work() -> None:
        with app.connection_for_write(broker.url) as link:
            ledger.drain(
                house,
                lambda queue, job: app.send_task(
                    f"terjime.{queue}", args=[job], queue=queue, connection=link
                ),
            )
        # Looking every 20 ms would take a tenth of a core from those who are measured.
        until_done(lambda: stages.job_view(house, job_id).state, every=0.2)

    row = measured(name, work, list(workers.processes.values()))
    view = stages.render_view(house, render_id)
    return row | {"sha256": view.sha256}


def until_done(state: Callable[[], str], every: float = 0.02) -> None:
    while (now := state()) != "done":
        if now in {"failed", "cancelled"}:
            raise SystemExit(f"the job {now}")
        time.sleep(every)


def measured(
    name: str, work: Callable[[], Any], processes: list[subprocess.Popen[bytes]] | None
) -> dict[str, Any]:
    """Wall and CPU seconds of *work*: of these processes' trees, or of this process's children."""
    before, began = cpu_of(processes), time.perf_counter()
    work()
    wall, cpu = time.perf_counter() - began, cpu_of(processes) - before
    row = {"what": name, "wall_s": round(wall, 2), "cpu_s": round(cpu, 2)}
    print(f"{name:34} {wall:8.2f} s {cpu:8.2f} CPU s", flush=True)
    return row


def cpu_of(processes: list[subprocess.Popen[bytes]] | None) -> float:
    if processes is None:
        times = os.times()
        return times.children_user + times.children_system
    total = 0.0
    for process in processes:
        top = psutil.Process(process.pid)
        for one in (top, *top.children(recursive=True)):
            used = one.cpu_times()
            # Of what has ended, as its parent counts it.
            total += used.user + used.system + used.children_user + used.children_system
    return total


# --- one line, through the web ------------------------------------------------------------------


def one_line_through_the_web(folder: Path, minutes: float) -> dict[str, Any]:
    seconds = round(minutes * 2) * 30
    film = folder / "long.mp4"
    moving_film(film, LONG_SIZE, seconds, with_sound=True)
    passwords = {email: secrets.token_urlsafe(12) for email in SAMPLE_PEOPLE}
    with (
        a_house(folder / "data", passwords) as base,
        httpx.Client(base_url=base, timeout=60) as http,
    ):
        people = {e.partition("@")[0]: sign_in(http, e, p) for e, p in passwords.items()}
        producer, translator = people["producer"], people["translator"]
        project = producer.call("POST", "/projects", json={"title": "Bench"})["id"]
        for email in SAMPLE_PEOPLE:
            role = email.partition("@")[0]
            if role != "producer":
                member = {"email": email, "role": role}
                producer.call("POST", f"/projects/{project}/members", json=member)
        film_id = producer.upload(project, film)
        began = time.perf_counter()
        wait_for_film(producer, film_id)
        ingest = time.perf_counter() - began
        track = translator.call(
            "POST",
            f"/films/{film_id}/tracks",
            data={"language": "tk", "kind": "subtitle", "title": "Bench"},
            files={"file": ("bench.srt", lines(seconds))},
        )["summary"]["id"]
        rows = []
        for number in range(6):
            wall, waited = submit_and_watch(translator, track, number)
            what = "first build, cold" if number == 0 else "one line changed"
            rows.append({"what": what, "wall_s": round(wall, 2), "submit_s": round(waited, 2)})
            print(
                f"{what:34} {wall:8.2f} s, of it {waited:.2f} s until it was submitted", flush=True
            )
    edits = sorted(row["wall_s"] for row in rows[1:])
    return {
        "film": {"minutes": minutes, "size": LONG_SIZE, "rate": RATE, "cues": seconds // 4},
        "ingest_wall_s": round(ingest, 1),
        "rows": rows,
        "one_line_median_s": edits[len(edits) // 2],
    }


def submit_and_watch(translator: Person, track: str, number: int) -> tuple[float, float]:
    """Seconds from saving one changed line until its build is ready, and until it was submitted."""
    draft = translator.call("GET", f"/tracks/{track}/draft")
    cues = draft["cues"]
    place = (number + 1) * len(cues) // 8
    cues[place]["text"] = f"Bu setir {number} gezek üýtgedildi."
    began = time.perf_counter()
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
        json={"note": f"Line {number}", "acknowledge": True},
    )
    waited = time.perf_counter() - began
    build = translator.call("POST", f"/versions/{version['id']}/builds", json={"height": 240})["id"]
    until_done(lambda: str(translator.call("GET", f"/builds/{build}")["job"]["state"]))
    return time.perf_counter() - began, waited


def wait_for_film(producer: Person, film_id: str) -> None:
    while (film := producer.call("GET", f"/films/{film_id}"))["state"] != "ready":
        if film["state"] == "failed":
            raise SystemExit(f"ingest failed: {film['error']}")
        time.sleep(0.5)


if __name__ == "__main__":
    main()
