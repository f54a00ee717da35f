"""Files by range, as players and download managers ask for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from tests.s3 import S3Server
from tests.web.conftest import Script, Somebody, token_of
from tests.web.test_guard import one_of_everything
from web.app import create_app
from workflow.people import Role
from workflow.settings import Settings
from workflow.store.house import House
from workflow.store.tables import Audit, Blob, Render

Make = Callable[..., Somebody]
FILM = bytes(range(256)) * 4  # 1024 bytes


@pytest.fixture(params=["folder", "s3"])
def settings(
    settings: Settings, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    """Every test runs over both stores."""
    if request.param == "folder":
        return settings
    server: S3Server = request.getfixturevalue("s3")
    return replace(settings, blobs=server.url(settings.data_dir.name))


@dataclass
class Shelf:
    """A finished render, and those who may or may not have it."""

    path: str
    etag: str
    producer: Script
    translator: Script

    def get(self, **headers: str) -> TestResponse:
        return self.producer.get(
            self.path, headers={n.replace("_", "-"): v for n, v in headers.items()}
        )


@pytest.fixture
def shelf(
    house: House, person: Make, project: Callable[..., str], script: Callable[[Somebody], Script]
) -> Shelf:
    producer, translator, reviewer = person("merdan"), person("ayna"), person("jeren")
    here = project(producer, {translator: Role.TRANSLATOR, reviewer: Role.REVIEWER})
    ids = one_of_everything(house, here, producer, reviewer)
    sha, size = house.blobs.put_bytes(FILM)
    with house.write() as session:
        session.add(Blob(sha256=sha, size=size, media_type="video/mp4"))
        session.flush()
        session.execute(update(Render).values(output=sha, file_name="Hukuklaryňyz.tk.mp4"))
    path = f"/renders/{ids['render']}/file"
    return Shelf(path, f'"{sha}"', script(producer), script(translator))


def test_the_whole_file_comes_with_its_hash_as_a_strong_etag(shelf: Shelf) -> None:
    answer = shelf.get()
    assert (answer.status_code, answer.data) == (200, FILM)
    assert answer.headers["ETag"] == shelf.etag
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["Content-Length"] == "1024"
    assert answer.headers["Content-Type"] == "video/mp4"
    assert answer.headers["Cache-Control"].startswith("private")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_t12_the_name_is_offered_in_ascii_and_as_it_is(shelf: Shelf) -> None:
    disposition = shelf.get().headers["Content-Disposition"]
    assert disposition.startswith('attachment; filename="')
    assert "filename*=UTF-8''Hukuklary%C5%88yz" in disposition
    assert disposition.isascii()


@pytest.mark.parametrize(
    ("wanted", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-99", 0, 100),
        ("bytes=100-", 100, 1024),
        ("bytes=-24", 1000, 1024),
        ("bytes=1000-5000", 1000, 1024),
        ("bytes=-5000", 0, 1024),
        ("bytes=1023-", 1023, 1024),
    ],
)
def test_one_range_is_206(shelf: Shelf, wanted: str, start: int, end: int) -> None:
    answer = shelf.get(Range=wanted)
    assert (answer.status_code, answer.data) == (206, FILM[start:end])
    assert answer.headers["Content-Range"] == f"bytes {start}-{end - 1}/1024"
    assert answer.headers["Content-Length"] == str(end - start)
    assert answer.headers["ETag"] == shelf.etag


@pytest.mark.parametrize(
    ("wanted", "status"),
    [
        ("bytes=0-," * 1000 + "0-1", 200),
        ("bytes=0-1,5-6", 200),
        ("bytes=9-1", 200),
        ("bytes=-", 200),
        ("bytes=abc", 200),
        ("lines=0-1", 200),
        ("bytes=-0", 416),
        ("bytes=1024-", 416),
        ("bytes=" + "9" * 40 + "-", 416),
        ("bytes=" + "9" * 5000 + "-", 200),
    ],
)
def test_77_odd_ranges_get_the_whole_file_or_416(shelf: Shelf, wanted: str, status: int) -> None:
    answer = shelf.get(Range=wanted)
    assert answer.status_code == status
    if status == 200:
        assert answer.data == FILM
    else:
        assert answer.headers["Content-Range"] == "bytes */1024"


def test_a_download_goes_on_only_over_the_same_bytes(shelf: Shelf) -> None:
    assert shelf.get(Range="bytes=10-", If_Range=shelf.etag).status_code == 206
    for other in ('"another"', f"W/{shelf.etag}", "Wed, 21 Oct 2026 07:28:00 GMT"):
        answer = shelf.get(Range="bytes=10-", If_Range=other)
        assert (answer.status_code, answer.data) == (200, FILM)


def test_what_the_client_has_is_not_sent_again(shelf: Shelf) -> None:
    for tag in (shelf.etag, f"W/{shelf.etag}", f'"other", {shelf.etag}'):
        answer = shelf.get(If_None_Match=tag)
        assert (answer.status_code, answer.data) == (304, b"")
        assert answer.headers["ETag"] == shelf.etag
    assert shelf.get(If_None_Match='"other"').status_code == 200


def test_head_has_the_headers_and_no_body(shelf: Shelf) -> None:
    answer = shelf.producer.head(shelf.path, headers={"Range": "bytes=0-1"})
    assert (answer.status_code, answer.data) == (200, b"")
    assert answer.headers["Content-Length"] == "1024"


def test_every_range_asks_who_it_is(shelf: Shelf) -> None:
    assert shelf.translator.get(shelf.path, headers={"Range": "bytes=0-1"}).status_code == 403
    nobody = shelf.producer.client.get(f"/api/v1{shelf.path}", headers={"Range": "bytes=0-1"})
    assert nobody.status_code == 401


def test_t14_behind_nginx_only_headers_are_ours(
    settings: Settings, house: House, shelf: Shelf, person: Make
) -> None:
    if house.settings.blob_dir is None:
        return  # there is nothing that nginx could send: the next test
    behind = replace(settings, accel_redirect=True)
    app = create_app(behind, replace(house, settings=behind))
    token = token_of(app, Somebody("", "merdan@example.org"))
    answer = app.test_client().get(
        f"/api/v1{shelf.path}", headers={"Authentication-Token": token, "Range": "bytes=0-1"}
    )
    sha = shelf.etag.strip('"')
    assert answer.headers["X-Accel-Redirect"] == f"/_blobs/{sha[:2]}/{sha[2:4]}/{sha}"
    assert answer.data == b""
    assert answer.headers["Content-Type"] == "video/mp4"
    assert "attachment" in answer.headers["Content-Disposition"]


def test_t14_a_download_is_saved_from_s3_by_a_link_for_who_may_have_it_if_the_settings_say_so(
    settings: Settings, house: House, shelf: Shelf
) -> None:
    redirecting = replace(settings, s3_redirect=True, accel_redirect=True)
    app = create_app(redirecting, replace(house, settings=redirecting))

    def get(who: str, method: str = "GET") -> TestResponse:
        token = token_of(app, Somebody("", f"{who}@example.org"))
        headers = {"Authentication-Token": token}
        return app.test_client().open(f"/api/v1{shelf.path}", method=method, headers=headers)

    assert get("ayna").status_code == 403
    answer = get("merdan")
    if house.settings.blob_dir is not None:
        assert "X-Accel-Redirect" in answer.headers
        return
    assert (answer.status_code, answer.headers["Cache-Control"]) == (307, "no-store")
    link = answer.headers["Location"]
    assert "X-Amz-Expires=600" in link
    saved = httpx.get(link, headers={"Range": "bytes=10-19"})
    assert saved.is_success  # rclone sends the range and calls it 200
    assert saved.content == FILM[10:20]
    assert saved.headers["Content-Type"] == "video/mp4"
    assert "attachment" in saved.headers["Content-Disposition"]
    assert httpx.get(link.replace(shelf.etag.strip('"'), "0" * 64)).status_code == 403
    head = get("merdan", "HEAD")
    assert (head.status_code, head.headers["Content-Length"]) == (200, "1024")


def test_t17_a_download_is_in_the_audit_log_once_for_all_its_ranges(
    shelf: Shelf, house: House
) -> None:
    for start in range(3):
        shelf.get(Range=f"bytes={start}-")
    with house.read() as session:
        told = session.scalars(select(Audit).where(Audit.action == "media.download")).all()
        assert [row.details["sha256"] for row in told] == [shelf.etag.strip('"')]


def test_f25_a_blob_that_is_gone_is_said_and_not_a_broken_file(shelf: Shelf, house: House) -> None:
    house.blobs.remove(shelf.etag.strip('"'))
    answer = shelf.get()
    assert (answer.status_code, answer.json["error"]["code"]) == (404, "BLOB_MISSING")


def test_82_subtitles_are_served_as_what_they_are(
    shelf: Shelf, house: House, ids_of_version: str
) -> None:
    srt = shelf.translator.get(f"/versions/{ids_of_version}/subtitles.srt")
    vtt = shelf.translator.get(f"/versions/{ids_of_version}/subtitles.vtt")
    assert vtt.headers["Content-Type"] == "text/vtt; charset=utf-8"
    assert vtt.headers["X-Content-Type-Options"] == srt.headers["X-Content-Type-Options"]
    assert shelf.translator.get(f"/versions/{ids_of_version}/subtitles.html").status_code == 404


@pytest.fixture
def ids_of_version(house: House, shelf: Shelf) -> str:
    with house.read() as session:
        found: Any = session.scalars(select(Render.version_id)).one()
        return str(found)
