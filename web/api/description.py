"""The API's own description (OpenAPI 3.1), generated from the routes, their schemas and their needs."""

from __future__ import annotations

from typing import Any

from apiflask import APIFlask
from flask import Response, current_app, jsonify

from web.api import api
from web.api.schemas import Error
from web.auth import TOKEN_HEADER
from web.guard import Need, need_of, signed_in_only

_METHODS = {"get", "put", "post", "delete", "patch", "head", "options"}


@api.get("/openapi.json")
@signed_in_only
@api.doc(hide=True)
def openapi() -> Response:
    return jsonify(current_app.spec)  # type: ignore[attr-defined]


def describe(app: APIFlask) -> None:
    """Title, ways to sign in, and on every operation what it refuses."""
    app.config.update(
        OPENAPI_VERSION="3.1.0",
        AUTO_SERVERS=False,
        AUTO_404_RESPONSE=False,
        AUTO_VALIDATION_ERROR_RESPONSE=False,
        AUTO_AUTH_ERROR_RESPONSE=False,
        AUTO_OPERATION_ID=True,
        SPEC_PROCESSOR_PASS_OBJECT=True,
        DESCRIPTION=(
            "Takes a training film to its approved Turkmen subtitles. Times are whole flicks "
            "(1/705 600 000 s), instants are milliseconds since 1970 UTC, ids are UUIDs."
        ),
        SECURITY_SCHEMES={
            "token": {"type": "apiKey", "in": "header", "name": TOKEN_HEADER},
            "session": {
                "type": "apiKey",
                "in": "cookie",
                "name": app.config["SESSION_COOKIE_NAME"],
                "description": "with the header X-CSRFToken on everything but GET",
            },
        },
    )

    @app.spec_processor
    def finish(spec: Any) -> Any:
        spec.components.schema("Error", schema=Error)
        needs = {_openapi_path(rule.rule): need_of(app, rule) for rule in app.url_map.iter_rules()}
        for path, item in spec._paths.items():
            for method, operation in item.items():
                if method in _METHODS:
                    _add_refusals(operation, needs.get(path))
        return spec


def _openapi_path(rule: str) -> str:
    return rule.replace("<", "{").replace(">", "}")


def _add_refusals(operation: dict[str, Any], need: Need | None) -> None:
    error = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}}
    responses = operation.setdefault("responses", {})
    responses.setdefault("default", {"description": "Refused or failed"} | error)
    if need is None or need.who == "public":
        operation["security"] = []
        return
    operation["security"] = [{"token": []}, {"session": []}]
    responses.setdefault("401", {"description": "Not signed in"} | error)
    if need.who != "signed_in":
        responses.setdefault("403", {"description": "Your role does not allow it"} | error)
        responses.setdefault("404", {"description": "Not there, or not for you"} | error)
    if need.action is not None:
        operation["x-needs"] = str(need.action)
