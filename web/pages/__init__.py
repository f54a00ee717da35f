"""Every page that a person sees: server-rendered, useful without scripts.

A view reads the request, calls one stage and draws what comes back. `frame`
holds what all pages share, `words` how values read, `script_words` what the
islands say.
"""

from flask import Blueprint

pages = Blueprint("pages", __name__)

from web.pages import (  # noqa: E402, F401  each registers its routes on the blueprint above
    delivery,
    desk,
    files,
    films,
    frame,
    glossary,
    jobs,
    people,
    projects,
    review,
    studio,
    work,
)
