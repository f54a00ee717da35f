"""Smaller answers, and only where they are text."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from tests.web.conftest import Script, Somebody
from web.guard import public


@pytest.fixture
def words(app: Flask) -> str:
    text = '{"cues": "' + "Salam " * 1000 + '"}'
    view = public(lambda: app.response_class(text, mimetype="application/json"))
    app.add_url_rule("/words", "words", view)
    return text


def test_text_is_sent_as_gzip_to_who_takes_it(app: Flask, words: str) -> None:
    answer = app.test_client().get("/words", headers={"Accept-Encoding": "br, gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert int(answer.headers["Content-Length"]) == len(answer.data) < len(words) // 10
    assert gzip.decompress(answer.data).decode() == words
    assert "Accept-Encoding" in answer.headers["Vary"]


@pytest.mark.parametrize("accepted", ["", "br", "gzip;q=0", "identity"])
def test_and_as_it_is_to_who_does_not(app: Flask, words: str, accepted: str) -> None:
    answer = app.test_client().get("/words", headers={"Accept-Encoding": accepted})
    assert "Content-Encoding" not in answer.headers
    assert answer.text == words


def test_small_answers_are_left_alone(
    person: Callable[..., Somebody], script: Callable[[Somebody], Script]
) -> None:
    answer = script(person("ayna")).get("/me", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in answer.headers


def test_a_built_asset_is_kept_for_good_and_other_static_files_are_asked_about(
    app: Flask, tmp_path: Path
) -> None:
    (tmp_path / "built" / "assets").mkdir(parents=True)
    (tmp_path / "built" / "assets" / "app-abc.js").write_text("let a = 1\n" * 1000)
    (tmp_path / "icons.svg").write_text("<svg/>")
    app.static_folder = str(tmp_path)
    client = app.test_client()
    for _ in range(2):  # the second from memory
        built = client.get(
            "/static/built/assets/app-abc.js", headers={"Accept-Encoding": "gzip"}, buffered=True
        )
        assert built.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert built.headers["Content-Encoding"] == "gzip"
        assert built.headers["ETag"].startswith("W/")
        assert gzip.decompress(built.data) == b"let a = 1\n" * 1000
    plain = client.get("/static/icons.svg", buffered=True)
    assert plain.headers["Cache-Control"] == "no-cache"
