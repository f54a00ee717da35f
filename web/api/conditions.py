"""If-Match and ETag: nobody saves over what they have not seen, nobody fetches what they have."""

from __future__ import annotations

import hashlib
from typing import Any

from flask import Response, jsonify, make_response, request
from flask_babel import gettext

from web.errors import Refused
from workflow.stages.views import as_json


def seen_etag() -> str:
    """The one state that the client says it has seen. Raises Refused 428 without it."""
    tags = list(request.if_match.as_set())
    if len(tags) != 1 or request.if_match.star_tag:
        raise Refused(
            428,
            "IF_MATCH_NEEDED",
            gettext("Say with If-Match which state of the track this follows."),
            advice=gettext("Its ETag came with GET …/draft."),
        )
    return str(tags[0])


def tagged(view: Any, etag: str | None = None) -> Response:
    """*view* as JSON with its ETag (a hash of the answer unless given), or 304 if the client has it."""
    response: Response = make_response(jsonify(as_json(view)))
    response.set_etag(etag or hashlib.sha256(response.get_data()).hexdigest()[:32])
    response.headers["Cache-Control"] = "private, no-cache"
    response.make_conditional(request)
    return response
