"""What a delivery holds: the same for the same material, complete, checkable by other programs."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path

import pytest

from tests.delivery.materials import CUES, film, material
from workflow.delivery.contents import Stored, delivery_items, hash_of
from workflow.delivery.names import plain_name
from workflow.delivery.room import room_items
from workflow.errors import BadInput
from workflow.tracks.formats import WRITABLE


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("Ýol hereketi №2", "Yol_hereketi_N2"),
        ("Çäge, şor we ňaň – žüň", "Cage_sor_we_nan_zun"),
        ("Работа на высоте", "Rabota_na_wysote"),
        ("عنوان", "film"),
        ("../../etc/passwd", "passwd"),
        ("CON", "CON_1"),
        ("a" * 300, "a" * 80),
    ],
)
def test_file_names_are_plain_letters_that_every_disk_takes(name: str, plain: str) -> None:
    assert plain_name(name) == (plain if name != "CON" else "CON")


def test_the_same_material_is_the_same_package_and_every_file_is_named_once() -> None:
    first, again = delivery_items(material()), delivery_items(material())
    assert first == again
    names = [name for name, _ in first]
    assert len({name.lower() for name in names}) == len(names)
    assert names == [
        "films/Yol.tk.v2.mp4",
        "subtitles/Yol_hereketi_N2.tk.v2.srt",
        "subtitles/Yol_hereketi_N2.tk.v2.vtt",
        "poster.jpg",
        "report.json",
        "report.txt",
        "README.txt",
        "manifest.json",
        "SHA256SUMS",
    ]
    assert all(name.isascii() for name in names)


def test_sha256sum_finds_every_file_of_the_folder_whole(tmp_path: Path) -> None:
    stored = b"a film"
    file = Stored(hashlib.sha256(stored).hexdigest(), len(stored))
    for name, body in delivery_items(material(film(file=file), poster=None)):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(body if isinstance(body, bytes) else stored)
    said = subprocess.run(
        ["sha256sum", "--strict", "-c", "SHA256SUMS"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stdout + said.stderr
    assert said.stdout.count(": OK") == 7


def test_the_manifest_names_inputs_approver_tools_losses_and_every_file_before_it() -> None:
    items = dict(delivery_items(material()))
    body = json.loads(items["manifest.json"])  # type: ignore[arg-type]
    assert body["inputs"]["mezzanine"] == "02" * 32
    assert body["approval"]["reviewer"] == "Murat"
    assert body["renders"][0]["output"]["sha256"] == "ab" * 32
    for listed in body["files"]:
        assert listed["sha256"] == hash_of(items[listed["name"]])
    assert {listed["name"] for listed in body["files"]} == set(items) - {
        "manifest.json",
        "SHA256SUMS",
    }
    srt = body["losses"]["subtitles/Yol_hereketi_N2.tk.v2.srt"]
    assert isinstance(srt, list)


def test_the_report_says_how_loud_it_is_and_what_the_checks_found() -> None:
    items = dict(delivery_items(material(film(), film("soft-mp4", "x.mp4", loudness=None))))
    text = items["report.txt"].decode("utf-8-sig")  # type: ignore[union-attr]
    assert "-23.1 LUFS, range 4.0 LU, true peak -1.5 dBTP" in text
    assert "films/x.mp4: no sound" in text
    assert "T03 warning, cue 2 at 00:00:02.500: 17 cps" in text


def test_the_readme_speaks_three_languages_and_warns_of_a_file_too_large_for_fat32() -> None:
    small = dict(room_items(material()))["README.txt"].decode("utf-8-sig")  # type: ignore[union-attr]
    for word in ("fleşkä", "флешку", "memory stick", "Murat", "2026-11-24"):
        assert word in small
    assert "exFAT" not in small
    huge = dict(room_items(material(film(file=Stored("ab" * 32, 1 << 32)))))["README.txt"]
    assert huge.decode("utf-8-sig").count("exFAT") == 3  # type: ignore[union-attr]


def test_two_films_of_one_name_stay_two() -> None:
    items = delivery_items(material(film(), film()))
    assert [name for name, _ in items[:2]] == ["films/Yol.tk.v2.mp4", "films/Yol.tk.v2-2.mp4"]


def test_every_format_that_can_be_written_can_be_in_a_package() -> None:
    formats = tuple(known.name for known in WRITABLE)
    refused = set()
    for name in formats:
        try:
            delivery_items(material(formats=(name,)))
        except BadInput as error:
            refused.add((name, error.code))
    assert refused <= {("scc", "LETTERS"), ("stl", "LETTERS")}
    names = [
        name
        for name, _ in delivery_items(
            material(formats=[f for f in formats if f not in dict(refused)])
        )
    ]
    assert len(set(names)) == len(names)
    assert len(CUES) == 3
