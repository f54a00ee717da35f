"""The API's own description (OpenAPI 3.1), generated from the routes, their schemas and their needs."""

from __future__ import annotations

from typing import Any

from apiflask import APIFlask
from apispec import APISpec
from apispec.ext.marshmallow.common import make_schema_key
from flask import Response, current_app, jsonify
from werkzeug.routing import Rule

from web.api import api
from web.api.schemas import Error
from web.api.tracks import CueShape
from web.auth import TOKEN_HEADER
from web.guard import Need, need_of, signed_in_only
from web.security import StrictJson

#: Headers that an operation wants; the rest is in its address and body.
_HEADERS = {
    "save_draft": ["If-Match"],
    "import_into_track": ["If-Match"],
    "submit_version": ["If-Match"],
    "give_verdict": ["Idempotency-Key"],
    "begin_upload": ["Tus-Resumable", "Upload-Length"],
    "continue_upload": ["Tus-Resumable", "Upload-Offset"],
    "end_upload": ["Tus-Resumable"],
}
_REFUSAL = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}}


@api.get("/openapi.json")
@signed_in_only
@api.doc(hide=True)
def openapi() -> Response:
    return jsonify(current_app.spec)  # type: ignore[attr-defined]


class DescribedFlask(APIFlask):
    """APIFlask that describes each schema once, also one that was first met inside another."""

    json_provider_class = StrictJson

    def _register_schema_and_get_ref(
        self, spec: APISpec, registered_schema_classes: dict[int, str], schema_obj: Any
    ) -> dict[str, str]:
        converter = self._ma_plugin.converter
        name = converter.refs.get(make_schema_key(schema_obj)) if converter else None
        if name is not None:
            return {"$ref": f"#/components/schemas/{name}"}
        return super()._register_schema_and_get_ref(spec, registered_schema_classes, schema_obj)


def describe(app: APIFlask) -> None:
    """Title, ways to sign in, and on every operation what it needs and refuses."""
    app.config.update(
        OPENAPI_VERSION="3.1.0",
        AUTO_SERVERS=False,
        AUTO_404_RESPONSE=False,
        AUTO_VALIDATION_ERROR_RESPONSE=False,
        AUTO_AUTH_ERROR_RESPONSE=False,
        SPEC_PROCESSOR_PASS_OBJECT=True,
        HTTP_ERROR_SCHEMA=Error,
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
        schemas = spec.components.schemas
        if "Error" not in schemas:
            spec.components.schema("Error", schema=Error)
        spec.components.schema("Cue", schema=CueShape)
        schemas["Cues"]["properties"]["cues"]["items"] = {"$ref": "#/components/schemas/Cue"}
        for rule in app.url_map.iter_rules():
            item = spec._paths.get(rule.rule.replace("<", "{").replace(">", "}"), {})
            for method in rule.methods or ():
                if operation := item.get(method.lower()):
                    _finish_operation(operation, rule, need_of(app, rule))
        return spec


def _finish_operation(operation: dict[str, Any], rule: Rule, need: Need | None) -> None:
    name = rule.endpoint.rpartition(".")[2]
    operation["operationId"] = name
    operation.setdefault("parameters", []).extend(
        {"in": "header", "name": header, "required": True, "schema": {"type": "string"}}
        for header in _HEADERS.get(name, [])
    )
    if name == "continue_upload":
        body = {"schema": {"type": "string", "format": "binary"}}
        operation["requestBody"] = {"content": {"application/offset+octet-stream": body}}
    responses = operation.setdefault("responses", {})
    responses.setdefault("default", {"description": "Refused or failed"} | _REFUSAL)
    if need is None or need.who == "public":
        operation["security"] = []
        return
    operation["security"] = [{"token": []}, {"session": []}]
    responses.setdefault("401", {"description": "Not signed in"} | _REFUSAL)
    if need.who != "signed_in":
        responses.setdefault("403", {"description": "Your role does not allow it"} | _REFUSAL)
        responses.setdefault("404", {"description": "Not there, or not for you"} | _REFUSAL)
    if need.action is not None:
        operation["x-needs"] = str(need.action)
