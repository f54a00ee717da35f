"""What gunicorn loads. The only file of `web` that knows of workers.

    TERJIME_DATA=data gunicorn -k web.server.Worker --threads 32 -w 1 web.wsgi:app

Threads, because an upload or a download holds one as long as it runs; one
process, because uploads are handed over between requests inside it (several
work too: they wait for each other by file locks).
"""

from __future__ import annotations

from flask import Response, request

from web.app import create_app
from workers.poke import poke
from workflow.settings import Settings
from workflow.store.house import open_house

settings = Settings.from_env()
house = open_house(settings)
app = create_app(settings, house)


@app.after_request
def send_what_waits(response: Response) -> Response:
    """Jobs that this request made start at once, once it is answered, not with the next sweep."""
    if request.method not in {"GET", "HEAD", "OPTIONS"} and response.status_code < 400:
        response.call_on_close(lambda: poke(house))
    return response
