"""The flow: what web/ and workers/ call. One step, one transaction, one short function."""

from workflow.stages.people import (
    Admitted,
    add_member,
    admit,
    change_person,
    create_person,
    create_project,
    my_work,
    people,
    project_view,
    projects_of,
    remove_member,
)
from workflow.stages.views import as_json

__all__ = [
    "Admitted",
    "add_member",
    "admit",
    "as_json",
    "change_person",
    "create_person",
    "create_project",
    "my_work",
    "people",
    "project_view",
    "projects_of",
    "remove_member",
]
