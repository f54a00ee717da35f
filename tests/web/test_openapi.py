"""The description of the API: valid, whole, and true (test_journey holds real answers against it)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from openapi_spec_validator import validate

from tests.web.conftest import Script, Somebody
from web import guard


@pytest.fixture
def spec(person: Callable[..., Somebody], script: Callable[[Somebody], Script]) -> dict[str, Any]:
    answer = script(person("ayna")).get("/openapi.json")
    assert answer.status_code == 200
    described: dict[str, Any] = answer.json
    return described


def test_the_description_is_valid_openapi(spec: dict[str, Any]) -> None:
    validate(spec)
    assert spec["openapi"].startswith("3.1")


def test_every_route_of_the_api_is_described_with_who_may_use_it(
    app: Flask, spec: dict[str, Any]
) -> None:
    hidden = {"api.openapi", "api.upload_options", "api.upload_by_post"}
    for rule in app.url_map.iter_rules():
        if not rule.rule.startswith("/api/") or rule.endpoint in hidden:
            continue
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        need = guard.need_of(app, rule)
        assert need is not None
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            operation = spec["paths"][path][method.lower()]
            assert operation["summary"], rule.rule
            assert operation.get("x-needs") == (str(need.action) if need.action else None)
            assert "401" in operation["responses"] or need.who == "public"


def test_answers_have_schemas_of_their_own_and_refusals_share_one(spec: dict[str, Any]) -> None:
    bare = []
    for path, item in spec["paths"].items():
        for method, operation in item.items():
            if method == "parameters":
                continue
            refused = operation["responses"]["default"]["content"]["application/json"]["schema"]
            assert refused == {"$ref": "#/components/schemas/Error"}
            for status, response in operation["responses"].items():
                body = response.get("content", {}).get("application/json")
                if body is not None and not body["schema"]:
                    bare.append(f"{method} {path} {status}")
    assert not bare


def test_no_view_is_described_twice(spec: dict[str, Any]) -> None:
    names = set(spec["components"]["schemas"])
    assert not [name for name in names if name.rstrip("0123456789") in names - {name}]
