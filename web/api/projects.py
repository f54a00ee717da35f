"""Projects and who works in them."""

from __future__ import annotations

from apiflask import fields, validators

from web.api import api
from web.api.schemas import Body, answer, some_text
from web.guard import actor, guarded, house, signed_in_only
from workflow import stages
from workflow.people import Action, Role
from workflow.stages.views import JobView, ProjectView


class NewProject(Body):
    title = some_text(120, metadata={"example": "Know your rights"})
    source_language = some_text(35, required=False, load_default="en", metadata={"example": "en"})


class NewMember(Body):
    email = some_text(254)
    role = fields.String(required=True, validate=validators.OneOf([role.value for role in Role]))


@api.get("/projects")
@signed_in_only
@api.output(answer(ProjectView)(many=True))
def list_projects() -> list[ProjectView]:
    """My projects"""
    return stages.projects_of(house(), actor())


@api.post("/projects")
@signed_in_only
@api.input(NewProject)
@api.output(answer(ProjectView), status_code=201)
def create_project(json_data: dict[str, str]) -> ProjectView:
    """Start a project and be its producer"""
    return stages.create_project(
        house(), actor(), json_data["title"], source_language=json_data["source_language"]
    )


@api.get("/projects/<project_id>")
@guarded(Action.VIEW, "project")
@api.output(answer(ProjectView))
def get_project(project_id: str) -> ProjectView:
    """A project with its films, tracks and people"""
    return stages.project_view(house(), project_id, actor())


@api.post("/projects/<project_id>/members")
@guarded(Action.MANAGE_PROJECT, "project")
@api.input(NewMember)
@api.output(answer(ProjectView), status_code=201)
def add_member(project_id: str, json_data: dict[str, str]) -> ProjectView:
    """Give somebody a role"""
    return stages.add_member(house(), actor(), project_id, json_data["email"], json_data["role"])


@api.delete("/projects/<project_id>/members/<person_id>/<role>")
@guarded(Action.MANAGE_PROJECT, "project")
@api.output(answer(ProjectView))
def remove_member(project_id: str, person_id: str, role: str) -> ProjectView:
    """Take a role away; effective with that person's next request"""
    return stages.remove_member(house(), actor(), project_id, person_id, role)


@api.get("/projects/<project_id>/jobs")
@guarded(Action.VIEW, "project")
@api.output(answer(JobView)(many=True))
def list_jobs(project_id: str) -> list[JobView]:
    """The project's jobs, newest first"""
    return stages.jobs_of_project(house(), project_id)
