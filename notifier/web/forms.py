"""Reads what a form posts: small, urlencoded, UTF-8."""

from __future__ import annotations

from urllib.parse import parse_qsl

from starlette.datastructures import ImmutableMultiDict
from starlette.exceptions import HTTPException
from starlette.requests import Request

LARGEST = 262_144
_MOST_FIELDS = 200
_TYPE = "application/x-www-form-urlencoded"

Form = ImmutableMultiDict[str, str]


async def read_form(request: Request) -> Form:
    """The fields that were posted. Raises HTTPException 400 for anything but a form.

    The application refuses bodies above `LARGEST` before they come here.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != _TYPE:
        raise HTTPException(400, "not a form")
    try:
        text = (await request.body()).decode("ascii")
        return ImmutableMultiDict(parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError:
        raise HTTPException(400, "not a form that can be read") from None
