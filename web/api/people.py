"""The people of the house, for administrators."""

from __future__ import annotations

from typing import Any

from apiflask import fields, validators

from web.api import api
from web.api.schemas import Body, answer, some_text
from web.auth import LONGEST_PASSWORD
from web.guard import actor, admin_only, house
from workflow import stages
from workflow.stages.views import PersonView
from workflow.store.passwords import hash_password

SHORTEST_PASSWORD = 12


class NewPerson(Body):
    email = fields.String(required=True, validate=validators.Length(3, 254))
    name = some_text(120)
    password = some_text(LONGEST_PASSWORD, least=SHORTEST_PASSWORD)
    is_admin = fields.Boolean(load_default=False)
    may_create_projects = fields.Boolean(load_default=False)
    locale = fields.String(load_default="en", validate=validators.OneOf(["en", "tk", "ru"]))


class PersonChange(Body):
    name = some_text(120, required=False)
    password = some_text(LONGEST_PASSWORD, least=SHORTEST_PASSWORD, required=False)
    active = fields.Boolean()
    is_admin = fields.Boolean()
    may_create_projects = fields.Boolean()
    locale = fields.String(validate=validators.OneOf(["en", "tk", "ru"]))


@api.get("/people")
@admin_only
@api.output(answer(PersonView)(many=True))
def list_people() -> list[PersonView]:
    """Everybody"""
    return stages.people(house())


@api.post("/people")
@admin_only
@api.input(NewPerson)
@api.output(answer(PersonView), status_code=201)
def add_person(json_data: dict[str, Any]) -> PersonView:
    """Let a person in"""
    password = json_data.pop("password")
    return stages.create_person(house(), password_hash=hash_password(password), **json_data)


@api.patch("/people/<person_id>")
@admin_only
@api.input(PersonChange)
@api.output(answer(PersonView))
def change_person(person_id: str, json_data: dict[str, Any]) -> PersonView:
    """Change what a person may do, or end their access"""
    if password := json_data.pop("password", None):
        json_data["password_hash"] = hash_password(password)
    return stages.change_person(house(), actor(), person_id, **json_data)
