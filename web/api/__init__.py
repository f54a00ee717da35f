"""/api/v1: the same stages as the pages, in JSON. Its description is generated: GET /api/v1/openapi.json."""

from apiflask import APIBlueprint

api = APIBlueprint("api", __name__, url_prefix="/api/v1", tag="Terjime")

# They add their routes to the blueprint above.
from web.api import (  # noqa: E402, F401
    delivery,
    description,
    dubs,
    films,
    jobs,
    people,
    projects,
    session,
    tracks,
    uploads,
    versions,
    words,
)
