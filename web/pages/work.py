"""My work, and help."""

from __future__ import annotations

from flask import Response

from web.guard import actor, house, signed_in_only
from web.pages import pages
from web.pages.frame import page
from workflow import stages


@pages.get("/")
@signed_in_only
def work() -> Response:
    return page("work.html", work=stages.my_work(house(), actor()))


@pages.get("/help")
@signed_in_only
def help_page() -> Response:
    return page("help.html")
