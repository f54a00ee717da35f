"""docker-compose.yml starts the same processes as `terjime up`, with settings that exist."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import yaml

from workflow.cli.server import parts
from workflow.settings import Settings

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]


def words(command: list[str]) -> list[str]:
    """A command without what may differ: interpreter, nice, addresses and names."""
    text = " ".join(command)
    text = re.sub(r"^(nice -n 10 )?\S*python\S* ", "", text)
    text = re.sub(r" -n \S+@%h", "", text)
    return re.sub(r"--bind \S+", "--bind", text).split()


def test_every_service_runs_what_terjime_up_runs(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("TERJIME_SECRET_KEY", "x" * 40)
    settings = replace(Settings.from_env(tmp_path), redis_url="redis://redis:6379/0")
    embedded = {part.name: words(list(part.command)) for part in parts(settings, workers=1)}
    assert embedded == {
        "web": words(COMPOSE["web"]["command"]),
        "sweeper": words(COMPOSE["sweeper"]["command"]),
        "fast-1": words(COMPOSE["fast-worker"]["command"]),
        "render-1": words(COMPOSE["render-worker"]["command"]),
    }


def test_every_setting_in_compose_is_read_by_the_product() -> None:
    read = set(re.findall(r"TERJIME_[A-Z0-9_]+", (ROOT / "workflow/settings.py").read_text()))
    given = {name for name in COMPOSE["web"]["environment"] if name.startswith("TERJIME_")}
    assert given <= read


def test_the_broker_keeps_its_queue_and_never_evicts() -> None:
    command = " ".join(COMPOSE["redis"]["command"])
    assert "--appendonly yes" in command
    assert "--maxmemory-policy noeviction" in command


def test_every_service_but_the_one_shot_migration_is_started_again() -> None:
    assert {n for n, s in COMPOSE.items() if s["restart"] != "always"} == {"migrate"}


def test_the_trial_store_is_the_one_of_the_tests_and_starts_only_when_asked_for() -> None:
    s3 = COMPOSE["s3"]
    assert s3["profiles"] == ["s3"]
    assert "rclone serve s3" in s3["entrypoint"][2]
    assert s3["image"].startswith("rclone/rclone:")
    for service in ("web", "fast-worker", "render-worker", "sweeper"):
        assert {"TERJIME_BLOBS", "AWS_ACCESS_KEY_ID"} <= set(COMPOSE[service]["environment"])
