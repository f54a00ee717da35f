"""What the core says to people: English sentences that remember how they were made.

A `Sentence` is an ordinary string. Beside it stand the template and the values that were filled in, so that
another layer can say the same in another language. A message without values is its own template.
"""

from __future__ import annotations

from typing import Any


class Sentence(str):
    """A filled-in template.

    template    English, with places as ``%(name)s``
    values      what stands in them, ready to be shown
    """

    __slots__ = ("template", "values")
    template: str
    values: dict[str, str | int]


def sentence(template: str, **values: str | int) -> Sentence:
    """*template* with *values* in its places."""
    made = Sentence(template % values)
    made.template, made.values = template, values
    return made


def to_json(message: str) -> dict[str, Any]:
    """{message, template, values} of a message, for whoever says it in another language."""
    if isinstance(message, Sentence):
        return {"message": str(message), "template": message.template, "values": message.values}
    return {"message": message, "template": message, "values": {}}
