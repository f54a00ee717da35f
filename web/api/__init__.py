"""/api/v1: the same stages as the pages, in JSON. Its description is generated: GET /api/v1/openapi.json."""

from apiflask import APIBlueprint

api = APIBlueprint("api", __name__, url_prefix="/api/v1", tag="Terjime")

from web.api import description, people, session  # noqa: E402, F401  they add their routes
