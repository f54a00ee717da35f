"""What goes over the wire. Answers are the stages' views as they are; bodies are checked here for shape only."""

from __future__ import annotations

import types
from dataclasses import fields as dataclass_fields
from dataclasses import is_dataclass
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from apiflask import Schema, fields, validators
from apiflask.schemas import FileSchema
from marshmallow import RAISE
from marshmallow.fields import Field

_PLAIN: dict[Any, type[Field[Any]]] = {
    str: fields.String,
    int: fields.Integer,
    float: fields.Float,
    bool: fields.Boolean,
    dict: fields.Dict,
    Any: fields.Raw,
}


@cache
def answer(view: type) -> type[Schema]:
    """The schema of a view dataclass, nested views included, under the view's own name."""
    hints = get_type_hints(view)
    return type(
        view.__name__, (Schema,), {f.name: _field(hints[f.name]) for f in dataclass_fields(view)}
    )


def _field(hint: Any, **options: Any) -> Field[Any]:
    options.setdefault("required", True)
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        [inner] = [arg for arg in args if arg is not type(None)]
        return _field(inner, allow_none=True)
    if origin in (list, tuple):
        return fields.List(_field(args[0]), **options)
    if is_dataclass(hint):
        return fields.Nested(answer(hint), **options)  # type: ignore[arg-type]
    return _PLAIN[origin or hint](**options)


class Body(Schema):
    """A request's body: a field that is not named here is refused, not ignored."""

    class Meta:
        unknown = RAISE


def some_text(most: int, *, least: int = 1, required: bool = True, **options: Any) -> fields.String:
    return fields.String(required=required, validate=validators.Length(least, most), **options)


def sha256(*, required: bool = True, **options: Any) -> fields.String:
    return fields.String(
        required=required, validate=validators.Regexp(r"\A[0-9a-f]{64}\Z"), **options
    )


def an_id(*, required: bool = True, **options: Any) -> fields.String:
    return fields.String(
        required=required,
        validate=validators.Regexp(r"\A[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z"),
        **options,
    )


#: The answer of a route that sends a stored file, whole or a range of it.
STORED_FILE = FileSchema(type="string", format="binary")


def responses(words: dict[int, str]) -> Any:
    """For `api.doc`: what a status means here. A refusal has the body of `Error`, other answers none."""
    return {
        status: meaning if status >= 400 else {"description": meaning}
        for status, meaning in words.items()
    }


FILE_RESPONSES = responses(
    {
        206: "The range that was asked for",
        304: "The client has this file",
        416: "The file has no such range",
    }
)


class Refusal(Schema):
    """What every refusal and failure looks like."""

    code = fields.String(required=True, metadata={"example": "TOO_MANY_CUES"})
    message = fields.String(required=True)
    where = fields.String(required=True, metadata={"example": "line 12"})
    advice = fields.String(required=True)
    details = fields.Dict()
    reference = fields.String(metadata={"description": "what an operator finds in the log"})


class Error(Schema):
    error = fields.Nested(Refusal, required=True)
