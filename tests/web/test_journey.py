"""The whole journey over HTTP, with real media work, each answer held against the API's own description."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Callable
from typing import Any

import imageio_ffmpeg
import pytest
from jsonschema import Draft202012Validator
from werkzeug.test import TestResponse

from tests.web.conftest import Script, Somebody
from tests.web.test_tracks import as_form
from tests.web.test_uploads import Tus, b64
from workflow import stages
from workflow.people import Role
from workflow.store.house import House

LINES = ["Salam", "Siziň hukuklaryňyz bar", "Olar kanunda ýazylan", "Sag boluň"]
STARTS = [500, 1700, 2600, 4300]  # milliseconds in the film


def srt(late: int) -> bytes:
    def time(ms: int) -> str:
        return f"00:00:0{ms // 1000},{ms % 1000:03d}"

    blocks = [
        f"{n}\n{time(start + late)} --> {time(start + late + 700)}\n{line}\n"
        for n, (start, line) in enumerate(zip(STARTS, LINES, strict=True), start=1)
    ]
    return "\n".join(blocks).encode()


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Six seconds of picture and sound."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "lavfi"]
    command += ["-i", "testsrc=size=320x240:rate=25", "-f", "lavfi", "-i", "sine=frequency=300"]
    command += ["-t", "6", "-pix_fmt", "yuv420p", "-preset", "ultrafast", str(path)]
    subprocess.run(command, check=True, timeout=60)
    return path.read_bytes()


@pytest.fixture
def spec(script: Callable[[Somebody], Script], person: Callable[..., Somebody]) -> dict[str, Any]:
    described: dict[str, Any] = script(person("reader")).get("/openapi.json").json
    return described


class Checked:
    """Answers with the right status and a body that fits the schema it is described by."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self.components = spec["components"]

    def __call__(self, answer: TestResponse, status: int, schema: str) -> Any:
        assert answer.status_code == status, answer.get_data(as_text=True)[:2000]
        whole = {"$ref": f"#/components/schemas/{schema}", "components": self.components}
        Draft202012Validator(whole).validate(answer.json)
        return answer.json


def test_a_film_goes_from_upload_to_delivery(
    house: House,
    person: Callable[..., Somebody],
    script: Callable[[Somebody], Script],
    spec: dict[str, Any],
    film: bytes,
) -> None:
    check = Checked(spec)
    people = {name: person(name, may_create_projects=name == "merdan") for name in ROLES}
    merdan, ayna, jeren = (script(people[name]) for name in ROLES)

    project = check(merdan.post("/projects", json={"title": "Rights"}), 201, "ProjectView")["id"]
    for name, role in ROLES.items():
        if role is not Role.PRODUCER:
            body = {"email": people[name].email, "role": role.value}
            check(merdan.post(f"/projects/{project}/members", json=body), 201, "ProjectView")

    # upload and ingest
    tus = Tus(merdan, project)
    path = tus.begun(length=len(film), Upload_Metadata=f"filename {b64('rights.mp4')}")
    assert tus.patch(path, film).status_code == 204
    film_id = check(merdan.get(path), 200, "UploadState")["film_id"]
    waiting = check(ayna.get(f"/films/{film_id}"), 200, "FilmView")
    assert waiting["job"]["state"] == "queued"
    check(ayna.get(f"/jobs/{waiting['job']['id']}"), 200, "JobView")
    assert stages.run_waiting(house) >= 1
    ready = check(ayna.get(f"/films/{film_id}"), 200, "FilmView")
    assert (ready["state"], ready["rate"], ready["frames"]) == ("ready", [25, 1], 150)
    proxy = ayna.get(f"/films/{film_id}/files/proxy240", headers={"Range": "bytes=0-99"})
    assert (proxy.status_code, len(proxy.data), proxy.mimetype) == (206, 100, "video/mp4")
    job = ayna.get(f"/jobs/{waiting['job']['id']}")
    assert job.json["state"] == "done"
    again = ayna.get(f"/jobs/{job.json['id']}", headers={"If-None-Match": job.headers["ETag"]})
    assert again.status_code == 304

    # subtitles and their alignment
    def begin(data: bytes, language: str, kind: str) -> Any:
        form = as_form({"language": language, "kind": kind}, f"{language}.srt", data)
        return check(
            ayna.post(
                f"/films/{film_id}/tracks",
                data=form,
                content_type="multipart/form-data; boundary=part",
            ),
            201,
            "TrackView",
        )

    reference = begin(srt(0), "en", "reference")["summary"]["id"]
    track = begin(srt(650), "tk", "subtitle")["summary"]["id"]
    order = {"reference_track": reference}
    aligning = check(ayna.post(f"/tracks/{track}/alignments", json=order), 202, "JobView")
    stages.run_waiting(house)
    done = check(ayna.get(f"/jobs/{aligning['id']}"), 200, "JobView")
    assert done["state"] == "done", done["error"]
    proposal = check(ayna.get(f"/proposals/{done['output']}"), 200, "ProposalView")
    assert len(proposal["cues"]) == len(LINES)
    accept = f"/proposals/{proposal['id']}/accept"
    assert ayna.post(accept, json={"cues": [1]}).status_code == 422
    draft = check(ayna.post(accept, json={"cues": "all"}), 200, "DraftView")

    # an edit, the checks, a submission
    draft["cues"][0]["text"] = "Salam!"
    save = {"json": {"cues": draft["cues"]}, "headers": {"If-Match": f'"{draft["etag"]}"'}}
    draft = check(ayna.put(f"/tracks/{track}/draft", **save), 200, "SavedDraft")
    check(ayna.get(f"/tracks/{track}/findings"), 200, "Findings")
    assert len(check(ayna.get(f"/tracks/{track}/history"), 200, "History")["saves"]) == 3
    submit = {"json": {"note": "first", "acknowledge": True}}
    submit["headers"] = {"If-Match": f'"{draft["etag"]}"'}
    version = check(ayna.post(f"/tracks/{track}/versions", **submit), 201, "VersionView")["id"]
    early = merdan.post(f"/versions/{version}/renders", json={})
    check(early, 409, "Error")
    assert early.json["error"]["code"] == "NOT_APPROVED"

    # the review
    stages.run_waiting(house)
    asked = jeren.post(f"/versions/{version}/builds", json={"height": 240})
    build = check(asked, 202, "BuildView")["id"]
    stages.run_waiting(house)
    built = check(jeren.get(f"/builds/{build}"), 200, "BuildView")
    assert built["job"]["state"] == "done", built["job"]["error"]
    watched = jeren.get(f"/builds/{build}/file")
    assert hashlib.sha256(watched.data).hexdigest() == built["build_hash"]
    review = check(jeren.get(f"/versions/{version}"), 200, "ReviewView")
    assert review["may"]["approve"] == ""
    said = {"text": "Gowy", "frame": 20, "cue_uid": review["cues"][0]["uid"]}
    comment = check(jeren.post(f"/versions/{version}/comments", json=said), 201, "CommentView")
    odd = jeren.post(f"/versions/{version}/comments", json=said | {"frame": 10**12})
    assert odd.status_code == 422  # 80
    check(ayna.post(f"/comments/{comment['id']}/resolve"), 200, "CommentView")
    assert len(jeren.get(f"/versions/{version}/comments").json) == 1
    subtitles = jeren.get(f"/versions/{version}/subtitles.srt")
    assert subtitles.headers["Content-Type"].startswith("application/x-subrip")
    assert "Salam!" in subtitles.text

    verdict = {
        "verdict": "approved",
        "track_hash": review["version"]["track_hash"],
        "film_hash": review["film"]["hash"],
        "recipe_hash": built["recipe_hash"],
        "build_hash": built["build_hash"],
        "watched_permille": 1000,
    }
    where = f"/versions/{version}/verdicts"
    assert jeren.post(where, json=verdict).status_code == 422  # without a key
    key = {"Idempotency-Key": "verdict-of-jeren-1"}
    assert ayna.post(where, json=verdict, headers=key).status_code == 403
    old = verdict | {"track_hash": "0" * 64}
    check(jeren.post(where, json=old, headers={"Idempotency-Key": "another-key"}), 409, "Error")
    approved = check(jeren.post(where, json=verdict, headers=key), 201, "VersionView")
    assert approved["state"] == "approved"
    twice = check(jeren.post(where, json=verdict, headers=key), 201, "VersionView")
    assert twice["verdicts"] == approved["verdicts"]  # F20

    # the final render and its delivery
    order = {"form": "soft-mp4"}
    render = check(merdan.post(f"/versions/{version}/renders", json=order), 202, "RenderView")["id"]
    stages.run_waiting(house)
    made = check(merdan.get(f"/renders/{render}"), 200, "RenderView")
    assert made["job"]["state"] == "done", made["job"]["error"]
    delivered = merdan.get(f"/renders/{render}/file")
    assert hashlib.sha256(delivered.data).hexdigest() == made["sha256"]
    assert "attachment" in delivered.headers["Content-Disposition"]
    manifest = merdan.get(f"/renders/{render}/manifest")
    assert made["sha256"] in manifest.text
    assert ayna.get(f"/renders/{render}/file").status_code == 403
    known = check(merdan.get(f"/what-is/{made['sha256']}"), 200, "KnownFileView")
    assert (known["kind"], known["version_id"]) == ("render", version)
    check(script(person("stranger")).get(f"/what-is/{made['sha256']}"), 404, "Error")
    check(merdan.get(f"/tracks/{track}"), 200, "TrackView")
    check(merdan.get(f"/projects/{project}"), 200, "ProjectView")
    assert {job["state"] for job in merdan.get(f"/projects/{project}/jobs").json} == {"done"}


ROLES = {"merdan": Role.PRODUCER, "ayna": Role.TRANSLATOR, "jeren": Role.REVIEWER}
