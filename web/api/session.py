"""Signing in and out for scripts, and who one is."""

from __future__ import annotations

from typing import Any

from apiflask import Schema, fields
from flask import request

from web import auth
from web.api import api
from web.api.schemas import Body, answer, some_text
from web.guard import house, public_without_session, signed_in, signed_in_only
from web.security import sign_in_limits
from workflow.stages.views import PersonView


class SignIn(Body):
    email = some_text(254, metadata={"example": "ayna@example.org"})
    password = some_text(auth.LONGEST_PASSWORD)


class Token(Schema):
    token = fields.String(required=True)
    person = fields.Nested(answer(PersonView), required=True)


@api.post("/sign-in")
@public_without_session
@sign_in_limits
@api.input(SignIn)
@api.output(
    Token, description=f"Send `token` as the header `{auth.TOKEN_HEADER}`; it lives 7 days."
)
def api_sign_in(json_data: dict[str, str]) -> dict[str, Any]:
    """Get a token"""
    person = auth.check_password(
        house(), json_data["email"], json_data["password"], ip=request.remote_addr or ""
    )
    return {"token": auth.token_for(person), "person": _view(person)}


@api.post("/sign-out")
@signed_in_only
@api.output({}, status_code=204)
def api_sign_out() -> str:
    """End every session and token of mine"""
    auth.end_session(house(), _me(), ip=request.remote_addr or "")
    return ""


@api.get("/me")
@signed_in_only
@api.output(answer(PersonView))
def me() -> PersonView:
    """Who I am"""
    return _view(_me())


def _me() -> auth.SignedIn:
    person = signed_in()
    assert person is not None  # noqa: S101  the guard saw to it
    return person


def _view(person: auth.SignedIn) -> PersonView:
    account = person.account
    return PersonView(
        id=account.id,
        name=account.name,
        email=account.email,
        locale=account.locale,
        is_admin=account.is_admin,
        may_create_projects=account.may_create_projects,
        active=account.active,
    )
