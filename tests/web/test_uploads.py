"""The tus 1.0.0 server, requirement by requirement; their ids are those of sagikazarmark's conformance suite."""

from __future__ import annotations

import base64
import hashlib
import io
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from werkzeug.test import TestResponse

from tests.web.conftest import Script, Somebody
from web.api import uploads
from workflow.people import Role
from workflow.store.house import House
from workflow.store.tables import Upload, now_ms

Make = Callable[..., Somebody]
Scripts = Callable[[Somebody], Script]

#: Enough of an MP4 for our own look at it: ingest, which would refuse it, is a worker's and does not run here.
FILM = (
    b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"
    + b"\x00\x00\x00\x10moov\x00\x00\x00\x08free"
    + b"\x00\x00\x02\x08mdat"
    + bytes(range(256)) * 2
)


def b64(text: str | bytes) -> str:
    return base64.b64encode(text if isinstance(text, bytes) else text.encode()).decode()


@dataclass
class Tus:
    """What a client sends; each header can be changed or left out (None)."""

    script: Script
    project: str

    def create(self, length: object = len(FILM), body: bytes = b"", **headers: Any) -> TestResponse:
        wanted = {"Tus-Resumable": "1.0.0", "Upload-Length": length} | _dashed(headers)
        return self.script.post(
            f"/projects/{self.project}/uploads", headers=_named(wanted), data=body
        )

    def begun(self, **options: Any) -> str:
        answer = self.create(**options)
        assert answer.status_code == 201, answer.json
        return str(answer.headers["Location"]).removeprefix("/api/v1")

    def patch(self, path: str, body: bytes, offset: object = 0, **headers: Any) -> TestResponse:
        wanted = {
            "Tus-Resumable": "1.0.0",
            "Upload-Offset": offset,
            "Content-Type": "application/offset+octet-stream",
        } | _dashed(headers)
        return self.script.patch(path, headers=_named(wanted), data=body)

    def head(self, path: str) -> TestResponse:
        return self.script.head(path, headers={"Tus-Resumable": "1.0.0"})

    def delete(self, path: str) -> TestResponse:
        return self.script.delete(path, headers={"Tus-Resumable": "1.0.0"})

    def offset(self, path: str) -> int:
        return int(self.head(path).headers["Upload-Offset"])


def _dashed(headers: dict[str, Any]) -> dict[str, Any]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def _named(headers: dict[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in headers.items() if value is not None}


@pytest.fixture
def tus(person: Make, project: Callable[..., str], script: Scripts) -> Tus:
    who = person("merdan")
    return Tus(script(who), project(who))


def code(answer: TestResponse) -> str:
    return str(answer.json["error"]["code"])


# --- core protocol -------------------------------------------------------------------------------


def test_a_film_goes_up_in_two_pieces_and_becomes_a_film(tus: Tus, house: House) -> None:
    path = tus.begun(Upload_Metadata=f"filename {b64('Hukuk.mp4')}")
    first = tus.patch(path, FILM[:100])
    assert (first.status_code, first.headers["Upload-Offset"]) == (204, "100")
    assert tus.offset(path) == 100
    assert tus.script.get(path).json["state"] == "open"
    last = tus.patch(path, FILM[100:], 100)
    assert (last.status_code, last.headers["Upload-Offset"]) == (204, str(len(FILM)))
    state = tus.script.get(path).json
    assert (state["state"], state["offset"]) == ("done", len(FILM))
    film = tus.script.get(f"/films/{state['film_id']}").json
    assert (film["name"], film["hash"]) == ("Hukuk.mp4", hashlib.sha256(FILM).hexdigest())
    assert house.blobs.read(film["hash"]) == FILM


def test_cp_version_every_answer_names_the_version(tus: Tus) -> None:
    path = tus.begun()
    for answer in (tus.head(path), tus.patch(path, b""), tus.create("no"), tus.delete(path)):
        assert answer.headers["Tus-Resumable"] == "1.0.0"


@pytest.mark.parametrize("version", [None, "0.9.0", "2.0.0", ""])
def test_cp_version_another_version_is_412_and_nothing_is_done(
    tus: Tus, version: str | None
) -> None:
    path = tus.begun()
    for answer in (
        tus.create(**{"Tus-Resumable": version}),
        tus.patch(path, b"abc", **{"Tus-Resumable": version}),
        tus.script.head(path, headers=_named({"Tus-Resumable": version})),
        tus.script.delete(path, headers=_named({"Tus-Resumable": version})),
    ):
        assert answer.status_code == 412
        assert answer.headers["Tus-Version"] == "1.0.0"
    assert tus.offset(path) == 0


def test_cp_options_says_what_is_offered_without_a_version_and_without_sign_in(tus: Tus) -> None:
    path = tus.begun()
    for address in (f"/projects/{tus.project}/uploads", path):
        answer = tus.script.client.options(f"/api/v1{address}")
        assert answer.status_code == 204
        assert answer.headers["Tus-Version"] == "1.0.0"
        assert answer.headers["Tus-Extension"] == uploads.EXTENSIONS
        assert int(answer.headers["Tus-Max-Size"]) == 12 << 30
        assert answer.headers["Tus-Checksum-Algorithm"] == "sha1,sha256"


def test_cp_head_gives_offset_and_length_and_is_not_stored(tus: Tus) -> None:
    metadata = f"filename {b64('film.mp4')},empty"
    answer = tus.head(tus.begun(Upload_Metadata=metadata))
    assert answer.status_code == 200
    assert answer.headers["Upload-Offset"] == "0"
    assert answer.headers["Upload-Length"] == str(len(FILM))
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Upload-Metadata"] == metadata
    assert answer.data == b""


def test_cp_head_of_an_unknown_upload_is_404_without_an_offset(tus: Tus) -> None:
    answer = tus.head("/uploads/00000000-0000-4000-8000-000000000000")
    assert answer.status_code == 404
    assert "Upload-Offset" not in answer.headers


@pytest.mark.parametrize(
    "kind", [None, "application/octet-stream", "text/plain", "multipart/form-data"]
)
def test_cp_patch_another_content_type_is_415(tus: Tus, kind: str | None) -> None:
    path = tus.begun()
    assert tus.patch(path, b"abc", Content_Type=kind).status_code == 415
    assert tus.offset(path) == 0


@pytest.mark.parametrize("offset", [None, "", "-1", "1.0", "abc", "0x10", "9" * 30, " "])
def test_81_cp_patch_an_offset_that_is_no_number_is_400(tus: Tus, offset: str | None) -> None:
    path = tus.begun()
    assert tus.patch(path, b"abc", offset).status_code == 400
    assert tus.offset(path) == 0


@pytest.mark.parametrize("offset", [0, 1, 4, 99])
def test_81_cp_patch_another_offset_is_409_and_changes_nothing(tus: Tus, offset: int) -> None:
    path = tus.begun()
    tus.patch(path, b"abc")
    answer = tus.patch(path, b"xyz", offset)
    assert (answer.status_code, code(answer)) == (409, "OFFSET")
    assert answer.headers["Upload-Offset"] == "3"
    assert tus.offset(path) == 3


def test_81_cp_patch_beyond_the_declared_length_is_413(tus: Tus) -> None:
    path = tus.begun()
    assert tus.patch(path, FILM + b"x").status_code == 413
    assert tus.offset(path) == 0


def test_81_a_body_without_a_length_that_goes_beyond_is_413_and_not_kept(tus: Tus) -> None:
    path = tus.begun()
    answer = tus.script.client.patch(
        f"/api/v1{path}",
        input_stream=io.BytesIO(FILM + b"x" * 100_000),
        headers={
            "Authentication-Token": tus.script.token,
            "Tus-Resumable": "1.0.0",
            "Upload-Offset": "0",
            "Content-Type": "application/offset+octet-stream",
            "Transfer-Encoding": "chunked",
        },
        environ_overrides={"wsgi.input_terminated": True},
    )
    assert (answer.status_code, code(answer)) == (413, "BEYOND_LENGTH")
    assert tus.offset(path) == 0


def test_cp_patch_an_empty_body_is_204_at_the_same_offset(tus: Tus) -> None:
    path = tus.begun()
    answer = tus.patch(path, b"")
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (204, "0")


def test_81_after_it_is_done_nothing_more_is_taken(tus: Tus) -> None:
    path = tus.begun()
    tus.patch(path, FILM)
    assert tus.patch(path, b"", len(FILM)).status_code == 204
    assert tus.patch(path, b"more", len(FILM)).status_code == 413
    assert tus.patch(path, b"over again", 0).status_code == 409
    assert tus.offset(path) == len(FILM)


def test_78_post_with_a_method_override_works_on_uploads_alone(tus: Tus) -> None:
    path = tus.begun()
    headers = {
        "Tus-Resumable": "1.0.0",
        "Upload-Offset": "0",
        "Content-Type": "application/offset+octet-stream",
        "X-HTTP-Method-Override": "PATCH",
    }
    assert tus.script.post(path, data=b"abc", headers=headers).status_code == 204
    assert tus.offset(path) == 3
    other = headers | {"X-HTTP-Method-Override": "PUT"}
    assert tus.script.post(path, data=b"abc", headers=other).status_code == 405
    gone = headers | {"X-HTTP-Method-Override": "DELETE"}
    assert tus.script.post(path, headers=gone).status_code == 204
    assert tus.head(path).status_code == 410


# --- creation ------------------------------------------------------------------------------------


def test_ext_create_gives_a_relative_location_and_an_expiry(tus: Tus) -> None:
    answer = tus.create()
    assert answer.status_code == 201
    assert answer.headers["Location"].startswith("/api/v1/uploads/")
    assert answer.headers["Upload-Expires"].endswith("GMT")


@pytest.mark.parametrize("length", [None, "", "-1", "1.5", "many", "9" * 40])
def test_ext_create_a_length_that_is_no_number_is_400(tus: Tus, length: str | None) -> None:
    assert tus.create(length).status_code == 400


@pytest.mark.parametrize("defer", ["1", "2", ""])
def test_ext_create_a_deferred_length_is_not_offered(tus: Tus, defer: str) -> None:
    assert tus.create(None, Upload_Defer_Length=defer).status_code == 400


def test_ext_create_more_than_the_most_is_413(tus: Tus) -> None:
    assert tus.create(12 << 30).status_code == 201
    assert tus.create((12 << 30) + 1).status_code == 413


def test_13_an_empty_file_is_refused(tus: Tus) -> None:
    answer = tus.create(0)
    assert (answer.status_code, code(answer)) == (422, "EMPTY")


def test_ext_creation_with_upload_takes_the_first_bytes_at_once(tus: Tus) -> None:
    kind = "application/offset+octet-stream"
    answer = tus.create(body=FILM[:50], Content_Type=kind)
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (201, "50")
    whole = tus.create(body=FILM, Content_Type=kind)
    path = whole.headers["Location"].removeprefix("/api/v1")
    assert tus.script.get(path).json["state"] == "done"


@pytest.mark.parametrize(
    ("metadata", "status"),
    [
        ("", 201),  # tuspy sends this
        (None, 201),
        ("filename", 201),
        (f"filename {b64('a.mp4')},empty ", 201),
        (f"filename {b64('a')},filename {b64('b')}", 400),
        ("filename not!base64", 400),
        ("filename YQ=", 400),
        (f"näme {b64('a')}".encode().decode("latin1"), 400),
        (f"a b {b64('a')}", 400),
        ("x " + "QUFB" * 16_000, 400),
        (f"sha256 {b64('f' * 63)}", 400),
        (f"filename {b64(bytes([255, 0, 254]))}", 201),
    ],
)
def test_52_metadata_is_taken_or_refused_as_the_protocol_says(
    tus: Tus, metadata: str | None, status: int
) -> None:
    assert tus.create(Upload_Metadata=metadata).status_code == status


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../x.mp4", "x.mp4"),  # 45
        ("..\\..\\x.mp4", "x.mp4"),
        ("/etc/passwd", "passwd"),
        ("-i.mp4", "-i.mp4"),  # 46
        ("$(id).mp4", "$(id).mp4"),
        ("`id`;rm |sh.mp4", "`id`;rm _sh.mp4"),
        ("a\0.mp4", "a.mp4"),  # 47
        ("a\nb.mp4", "a b.mp4"),
        ("gnp.\u202e4pm.mp4", "gnp.4pm.mp4"),  # 48
        ("n\u0303\u0131\u015f.mp4", "ñış.mp4"),
        ("CON.mp4", "_CON.mp4"),  # 49
        ("aux.mp4. ", "_aux.mp4"),
        ("frame%03d.mp4", "frame%03d.mp4"),  # 50
        ("concat:a|b.mp4", "concat_a_b.mp4"),
        ("x.mp4\r\nSet-Cookie: a=b", "x.mp4 Set-Cookie_ a=b"),  # 51
        ("", "film"),
    ],
)
def test_45_to_51_odd_names_are_cleaned_and_never_used(
    tus: Tus, house: House, sent: str, kept: str
) -> None:
    path = tus.begun(Upload_Metadata=f"filename {b64(sent)}")
    before = {p for p in house.settings.data_dir.rglob("*") if p.is_file()}
    assert house.settings.upload_dir / path.rpartition("/")[2] in before
    assert tus.patch(path, FILM).status_code == 204
    film = tus.script.get(f"/films/{tus.script.get(path).json['film_id']}").json
    assert film["name"] == kept


def test_47_a_name_of_ten_thousand_characters_is_400(tus: Tus) -> None:
    assert tus.create(Upload_Metadata=f"filename {b64('n' * 10_000)}").status_code == 400


# --- checksum ------------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_ext_csum_the_right_checksum_is_stored(tus: Tus, algorithm: str) -> None:
    path = tus.begun()
    digest = hashlib.new(algorithm, b"abc").digest()
    answer = tus.patch(path, b"abc", Upload_Checksum=f"{algorithm} {b64(digest)}")
    assert (answer.status_code, tus.offset(path)) == (204, 3)


def test_ext_csum_a_wrong_checksum_is_460_and_nothing_is_kept(tus: Tus, house: House) -> None:
    path = tus.begun()
    tus.patch(path, b"abc")
    digest = b64(hashlib.sha1(b"right").digest())  # noqa: S324
    answer = tus.patch(path, b"wrong", 3, Upload_Checksum=f"sha1 {digest}")
    assert (answer.status_code, code(answer)) == (460, "CHECKSUM")
    assert tus.offset(path) == 3
    assert [p.name for p in house.settings.upload_dir.iterdir()] == [path.rpartition("/")[2]]


@pytest.mark.parametrize("header", ["md5 YQ==", "sha1", "sha1 !!", "", "crc32 YQ=="])
def test_ext_csum_an_unknown_algorithm_or_no_digest_is_refused(tus: Tus, header: str) -> None:
    path = tus.begun()
    assert tus.patch(path, b"abc", Upload_Checksum=header).status_code in {400, 460}
    assert tus.offset(path) == 0


def test_42_a_file_that_changed_while_it_was_sent_is_refused_by_its_hash(tus: Tus) -> None:
    expected = hashlib.sha256(FILM + b"!").hexdigest()
    path = tus.begun(Upload_Metadata=f"sha256 {b64(expected)}")
    answer = tus.patch(path, FILM)
    assert (answer.status_code, code(answer)) == (422, "HASH_MISMATCH")
    state = tus.script.get(path).json
    assert (state["state"], state["error"]["code"]) == ("refused", "HASH_MISMATCH")
    assert tus.head(path).status_code == 410


def test_the_right_hash_is_taken(tus: Tus) -> None:
    path = tus.begun(Upload_Metadata=f"sha256 {b64(hashlib.sha256(FILM).hexdigest().upper())}")
    assert tus.patch(path, FILM).status_code == 204


def test_01_a_playlist_is_refused_when_it_has_arrived(tus: Tus) -> None:
    playlist = b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"
    path = tus.begun(length=len(playlist), Upload_Metadata=f"filename {b64('x.mp4')}")
    answer = tus.patch(path, playlist)
    assert (answer.status_code, code(answer)) == (422, "NOT_A_VIDEO_CONTAINER")


# --- termination, expiration ---------------------------------------------------------------------


def test_ext_term_a_dropped_upload_is_gone_with_its_bytes(tus: Tus, house: House) -> None:
    path = tus.begun()
    tus.patch(path, b"abc")
    assert tus.delete(path).status_code == 204
    assert list(house.settings.upload_dir.iterdir()) == []
    for answer in (tus.head(path), tus.patch(path, b"d", 3), tus.delete(path)):
        assert answer.status_code == 410
        assert "Upload-Offset" not in answer.headers


def test_ext_exp_an_expired_upload_is_410(tus: Tus, house: House) -> None:
    path = tus.begun()
    with house.write() as session:
        session.execute(update(Upload).values(expires_at=now_ms() - 1))
    assert tus.head(path).status_code == 410
    assert tus.patch(path, b"abc").status_code == 410
    assert tus.script.get(path).json["state"] == "gone"


def test_81_another_persons_upload_is_not_there(
    tus: Tus, person: Make, script: Scripts, house: House
) -> None:
    path = tus.begun()
    other = Tus(script(person("stranger")), tus.project)
    for answer in (other.head(path), other.patch(path, b"x"), other.delete(path)):
        assert answer.status_code == 404
    assert other.create().status_code == 404


def test_only_a_producer_uploads(
    person: Make, project: Callable[..., str], script: Scripts
) -> None:
    translator = person("ayna")
    here = project(person("merdan"), {translator: Role.TRANSLATOR})
    assert Tus(script(translator), here).create().status_code == 403


# --- what arrived is kept ------------------------------------------------------------------------


def test_bytes_beyond_what_the_database_says_are_cut_off_after_a_crash(
    tus: Tus, house: House
) -> None:
    path = tus.begun()
    tus.patch(path, FILM[:100])
    file = house.settings.upload_dir / path.rpartition("/")[2]
    file.write_bytes(FILM[:100] + b"not synced before the power went")
    assert tus.offset(path) == 100
    assert file.read_bytes() == FILM[:100]


def test_bytes_that_the_disk_lost_are_asked_for_again(tus: Tus, house: House) -> None:
    path = tus.begun()
    tus.patch(path, FILM[:100])
    file = house.settings.upload_dir / path.rpartition("/")[2]
    file.write_bytes(FILM[:60])
    assert tus.offset(path) == 60
    assert tus.patch(path, FILM[60:], 60).status_code == 204


def test_an_upload_whose_last_answer_was_lost_is_finished_by_the_next_look(
    tus: Tus, house: House
) -> None:
    path = tus.begun()
    upload_id = path.rpartition("/")[2]
    (house.settings.upload_dir / upload_id).write_bytes(FILM)
    with house.write() as session:
        session.execute(update(Upload).values(offset=len(FILM)))
    assert tus.offset(path) == len(FILM)
    assert tus.script.get(path).json["state"] == "done"


@pytest.fixture
def small_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], None]]:
    real = shutil.disk_usage("/")

    def has(free: int) -> None:
        monkeypatch.setattr(shutil, "disk_usage", lambda _: real._replace(free=free))

    return has  # type: ignore[return-value]


def test_f10_a_full_disk_is_said_before_and_during_an_upload_and_nothing_is_lost(
    tus: Tus, small_disk: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tus.begun()
    monkeypatch.setattr(uploads, "LOOK_AT_DISK_EVERY", 1)
    monkeypatch.setattr(uploads, "PIECE", 100)
    small_disk(1000)
    refused = tus.create()
    assert (refused.status_code, code(refused)) == (507, "DISK_LOW")
    stopped = tus.patch(path, FILM)
    assert (stopped.status_code, code(stopped)) == (507, "DISK_LOW")
    assert tus.offset(path) == 100
    monkeypatch.undo()
    assert tus.patch(path, FILM[100:], 100).status_code == 204


def test_43_the_same_film_twice_is_stored_once(tus: Tus, house: House) -> None:
    films = set()
    for _ in range(2):
        path = tus.begun()
        tus.patch(path, FILM)
        films.add(tus.script.get(path).json["film_id"])
    assert len(films) == 1
    assert sum(1 for p in Path(house.settings.blob_dir).rglob("*") if p.is_file()) == 1
