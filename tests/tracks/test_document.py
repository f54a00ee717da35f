from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given

from tests.tracks.makers import tracks
from workflow.errors import BadInput
from workflow.timebase import from_ms
from workflow.tracks import limits
from workflow.tracks.cues import Cue, TrackVersion
from workflow.tracks.document import cues_from_request, from_document, to_document


@given(tracks())
def test_a_version_comes_back_whole_from_its_document(cues: tuple[Cue, ...]) -> None:
    version = TrackVersion(3, "tk", "f" * 64, cues)
    assert from_document(to_document(version)) == version
    assert from_document(to_document(version)).hash == version.hash


def test_a_document_keeps_speakers_and_notes_and_has_one_form() -> None:
    cue = Cue("a", 0, 10, "Salam", speaker="Aýna", note="soraň", position=8)
    other = Cue("b", 20, 30, "Dost")
    one = to_document(TrackVersion(1, "tk", "f", (cue, other)))
    assert to_document(TrackVersion(1, "tk", "f", (other, cue))) == one
    assert from_document(one).cues == (cue, other)


@pytest.mark.parametrize(
    "document",
    [b"", b"{", b"[]", b"{}", b'{"form":"other/9"}', b'{"form":"terjime-track/1"}', b"\xff"],
)
def test_bytes_that_are_no_document_are_refused(document: bytes) -> None:
    with pytest.raises(BadInput, match="DOCUMENT"):
        from_document(document)


GOOD: dict[str, Any] = {"uid": "a1", "start": 0, "end": from_ms(1000), "text": "Salam"}


def refused(*changes: dict[str, Any]) -> BadInput:
    with pytest.raises(BadInput) as caught:
        cues_from_request([GOOD | change for change in changes])
    return caught.value


@given(tracks())
def test_cues_sent_as_they_were_given_come_back_the_same(cues: tuple[Cue, ...]) -> None:
    body = json.loads(json.dumps([cue.to_json() for cue in cues]))
    assert cues_from_request(body) == cues


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"uid": ""}, "CUES"),
        ({"uid": 7}, "CUES"),
        ({"uid": "a b"}, "CUES"),
        ({"uid": "a" * 65}, "CUES"),
        ({"start": True}, "CUES"),
        ({"start": 1.0}, "CUES"),
        ({"start": "1"}, "CUES"),
        ({"start": None}, "CUES"),
        ({"end": float("nan")}, "CUES"),
        ({"end": 1e308}, "CUES"),
        ({"text": None}, "CUES"),
        ({"text": {"a": 1}}, "CUES"),
        ({"position": 0}, "CUES"),
        ({"position": 10}, "CUES"),
        ({"position": True}, "CUES"),
        ({"speaker": ["x"]}, "CUES"),
        ({"colour": "red"}, "CUES"),
        ({"start": -1}, "NEGATIVE_TIME"),
        ({"end": 0}, "END_BEFORE_START"),
        ({"end": limits.MAX_TIME + 1}, "TIME_TOO_LATE"),
        ({"text": "a" * 501}, "CUE_TOO_LONG"),
        ({"text": "\n" * 6}, "CUE_TOO_LONG"),
        ({"text": "a" * 1_000_000}, "CUE_TOO_LONG"),
        ({"note": "a" * 4001}, "CUE_TOO_LONG"),
        ({"speaker": "a" * 121}, "CUE_TOO_LONG"),
        ({"text": "a\0b"}, "ENCODING"),
        ({"text": "a\ud800b"}, "ENCODING"),
    ],
)
def test_75_a_cue_that_does_not_hold_is_refused_with_its_number(
    change: dict[str, Any], code: str
) -> None:
    error = refused({"uid": "z", "start": from_ms(5000), "end": from_ms(6000)}, change)
    assert (error.code, error.where) == (code, "cue 2")


@pytest.mark.parametrize("body", [None, {}, "cues", 5])
def test_75_a_body_that_is_no_list_is_refused(body: object) -> None:
    with pytest.raises(BadInput, match="CUES"):
        cues_from_request(body)


@pytest.mark.parametrize("item", [None, 5, "cue", [], [1]])
def test_75_a_cue_that_is_no_object_is_refused(item: object) -> None:
    with pytest.raises(BadInput, match="Cue 1"):
        cues_from_request([item])


def test_two_cues_with_one_uid_are_refused() -> None:
    assert refused({}, {"start": from_ms(2000), "end": from_ms(3000)}).code == "UID_TWICE"


def test_53_too_many_cues_in_a_request_are_refused() -> None:
    with pytest.raises(BadInput, match="TOO_MANY_CUES"):
        cues_from_request([GOOD] * (limits.MAX_CUES + 1))


def test_55_five_cues_at_one_instant_are_refused() -> None:
    assert refused(*({"uid": f"c{n}"} for n in range(5))).code == "OVERLAP"


def test_68_text_is_composed_and_loses_control_characters() -> None:
    (cue,) = cues_from_request([GOOD | {"text": "s\u0327a\u202e\x07\r\nb"}])
    assert cue.text == "şa\nb"


def test_cues_come_back_in_the_order_of_time() -> None:
    late = GOOD | {"uid": "z", "start": from_ms(5000), "end": from_ms(6000)}
    assert [c.uid for c in cues_from_request([late, GOOD])] == ["a1", "z"]
