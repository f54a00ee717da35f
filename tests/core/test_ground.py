"""Errors, rights, settings and hashes: what everything stands on."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import pytest

from workflow.errors import BadInput, Conflict, TerjimeError
from workflow.people import ALLOWED, Action, Actor, Role, may
from workflow.progress import part
from workflow.settings import Settings
from workflow.timebase import from_ms
from workflow.tracks.cues import Cue, TrackVersion, cue_hash

CUE = Cue("a", from_ms(1000), from_ms(2000), "Salam")
VERSION = TrackVersion(1, "tk", "f" * 64, (CUE, Cue("b", from_ms(3000), from_ms(4000), "Sag bol")))


def test_an_error_survives_the_trip_from_worker_to_web() -> None:
    error = Conflict(
        "STALE_VERSION", "v8 appeared.", where="cue 4", advice="Look.", details={"n": 2}
    )
    back = pickle.loads(pickle.dumps(error))  # noqa: S301 (our own bytes)
    assert type(back) is Conflict
    assert back.to_json() == error.to_json()


def test_an_error_says_code_what_where_and_what_to_do() -> None:
    error = BadInput(
        "CUE_TOO_LONG", "A cue has 900 characters.", where="line 12", advice="Split it."
    )
    assert str(error) == "CUE_TOO_LONG: A cue has 900 characters. (line 12) Split it."
    assert isinstance(error, TerjimeError)


def test_every_action_says_who_may_do_it() -> None:
    assert set(ALLOWED) == set(Action)


@pytest.mark.parametrize(
    ("role", "action", "allowed"),
    [
        (Role.TRANSLATOR, Action.EDIT_TRACK, True),
        (Role.TRANSLATOR, Action.GIVE_VERDICT, False),
        (Role.REVIEWER, Action.GIVE_VERDICT, True),
        (Role.REVIEWER, Action.RENDER_FINAL, False),
        (Role.PRODUCER, Action.RENDER_FINAL, True),
        (Role.PRODUCER, Action.EDIT_TRACK, False),
    ],
)
def test_a_role_may_what_its_work_needs(role: Role, action: Action, allowed: bool) -> None:
    assert may(Actor("x", roles=frozenset({role})), action) is allowed


def test_an_admin_manages_people_and_never_gives_verdicts() -> None:
    admin = Actor("x", is_admin=True)
    assert may(admin, Action.MANAGE_PROJECT)
    assert not may(admin, Action.GIVE_VERDICT)
    assert not may(admin, Action.EDIT_TRACK)


def test_who_is_nothing_in_a_project_may_nothing_there() -> None:
    assert not any(may(Actor("x"), action) for action in Action)


def test_versions_that_look_the_same_share_a_hash() -> None:
    renumbered = VERSION._replace(
        number=7,
        cues=tuple(replace(c, uid=c.uid * 2, note="n", speaker="s") for c in VERSION.cues),
    )
    assert renumbered.hash == VERSION.hash
    assert VERSION._replace(cues=VERSION.cues[::-1]).hash == VERSION.hash


@pytest.mark.parametrize(
    "change",
    [
        {"start": CUE.start + 1},
        {"end": CUE.end + 1},
        {"text": "Salam!"},
        {"position": 8},
    ],
)
def test_a_change_that_can_be_seen_changes_the_hash(change: dict) -> None:
    changed = replace(CUE, **change)
    assert cue_hash("f" * 64, changed) != cue_hash("f" * 64, CUE)
    assert VERSION._replace(cues=(changed, VERSION.cues[1])).hash != VERSION.hash


def test_the_same_cues_on_another_film_are_another_version() -> None:
    assert VERSION._replace(film_hash="e" * 64).hash != VERSION.hash


def test_a_secret_is_made_once_and_kept_for_its_owner_only(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.delenv("TERJIME_SECRET_KEY", raising=False)
    first, second = Settings.from_env(tmp_path), Settings.from_env(tmp_path)
    assert len(first.secret_key) >= 48
    assert first.secret_key == second.secret_key
    assert (tmp_path / "secret.key").stat().st_mode & 0o077 == 0


def test_a_broker_socket_fits_even_in_a_deep_folder(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.delenv("TERJIME_REDIS_URL", raising=False)
    deep = Settings.from_env(tmp_path / ("d" * 60) / ("e" * 60))
    assert deep.broker_socket is not None
    assert len(str(deep.broker_socket)) < 108
    elsewhere = replace(deep, redis_url="redis://redis:6379/0")
    assert elsewhere.broker_socket is None


def test_a_part_of_the_work_reports_within_its_stretch() -> None:
    told: list[tuple[int, str]] = []
    half = part(lambda permille, doing: told.append((permille, doing)), 500, 1000)
    for permille in (0, 500, 1000, 1200):
        half(permille, "x")
    assert [permille for permille, _ in told] == [500, 750, 1000, 1000]
