"""Every page that a person sees: server-rendered, useful without scripts."""

from flask import Blueprint

pages = Blueprint("pages", __name__)
