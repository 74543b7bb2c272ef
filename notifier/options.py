"""The types that settings are made of: strict tables, lengths of time, rates, secrets."""

from __future__ import annotations

import os
import re
from datetime import time, timedelta
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    WithJsonSchema,
)

from notifier.model.duration import Duration, parse_duration
from notifier.rules.cron import every


class Options(BaseModel):
    """A table of settings: unknown keys are refused, values are checked, nothing changes afterwards.

    What pydantic says of a mistake never repeats the value: it may be a password.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, validate_default=True, arbitrary_types_allowed=True, hide_input_in_errors=True
    )


def _duration(value: Any) -> Duration:
    if isinstance(value, Duration):
        return value
    if not isinstance(value, str):
        raise ValueError('is not a duration; write it in quotes, such as "12h"')
    return parse_duration(value)


def _length(value: Any) -> timedelta:
    if isinstance(value, timedelta):
        return value
    duration = _duration(value)
    if not duration.exact:
        raise ValueError(f"{value!r} needs a calendar; write it in s, m, h, d or w")
    return timedelta(seconds=duration.seconds)


_TEXT = WithJsonSchema({"type": "string"})
CalendarDuration = Annotated[Duration, BeforeValidator(_duration), _TEXT]
"""A duration as jobs use it, calendar months and working days included."""
Length = Annotated[timedelta, BeforeValidator(_length), _TEXT]
"""An exact length of time, written `30s`, `5m`, `2d`."""


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ValueError, OSError, KeyError):
        raise ValueError(
            f"{value!r} is not a time zone; use a name such as Asia/Shanghai or America/New_York"
        ) from None
    return value


Zone = Annotated[str, AfterValidator(_zone)]


def _clock_time(value: Any) -> time:
    if isinstance(value, time):
        return value
    match = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f'{value!r} is not a time of day; write it as "09:30"')
    return time(int(match[1]), int(match[2]))


ClockTime = Annotated[time, BeforeValidator(_clock_time), _TEXT]


class Rate(Options):
    """How many in how many seconds."""

    count: int
    seconds: float


def _rate(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    match = re.fullmatch(r"(\d+)/(\d*)([smhd])", value.replace(" ", ""))
    if match is None or int(match[1]) == 0:
        raise ValueError(f'{value!r} is not a rate; write it as "10/s", "20/m" or "100/h"')
    return {
        "count": int(match[1]),
        "seconds": float(match[2] or 1) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[match[3]],
    }


RateLimit = Annotated[Rate, BeforeValidator(_rate), _TEXT]


def _secret(value: Any, info: ValidationInfo) -> Any:
    """Resolve `{ credential | file | env = NAME }`. A secret written into the file itself is refused.

    The validation context may say `folder`, where a relative `file` starts, and `secrets` = False: then one that
    cannot be read is empty, for commands that send nothing and run where the daemon's credentials are not.
    """
    if isinstance(value, SecretStr):
        return value
    if not isinstance(value, dict) or len(value) != 1 or not value.keys() <= {"credential", "file", "env"}:
        raise ValueError(
            'secrets do not belong in this file; write { credential = "name" }, { file = "path" } or { env = "NAME" }'
        )
    ((kind, name),) = value.items()
    if not isinstance(name, str) or not name:
        raise ValueError(f'the {kind} needs a name in quotes, as in {{ {kind} = "name" }}')
    context = info.context or {}
    try:
        return SecretStr(_read_secret(kind, name, context.get("folder", Path())))
    except ValueError:
        if context.get("secrets", True):
            raise
        return SecretStr("")


def _read_secret(kind: str, name: str, folder: Path) -> str:
    if kind == "env":
        if name not in os.environ:
            raise ValueError(f"the environment has no variable {name}")
        return os.environ[name]
    path = folder / name
    if kind == "credential":
        credentials = os.environ.get("CREDENTIALS_DIRECTORY")
        if not credentials:
            raise ValueError(f"credential {name} is only there under systemd; LoadCredential= in the unit passes it")
        path = Path(credentials) / name
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ValueError(f"cannot read the secret: {error.strerror}: {path}") from None


_SECRET_SCHEMA = {
    "type": "object",
    "properties": {kind: {"type": "string"} for kind in ("credential", "file", "env")},
    "additionalProperties": False,
    "minProperties": 1,
    "maxProperties": 1,
}
Secret = Annotated[SecretStr, BeforeValidator(_secret), WithJsonSchema(_SECRET_SCHEMA)]
"""A secret, named in the settings by where it is kept."""


def _secret_url(value: Any, info: ValidationInfo) -> Any:
    if not isinstance(value, str):
        return _secret(value, info)
    try:
        password = urlsplit(value).password
    except ValueError:
        raise ValueError("is not a URL") from None
    if password is not None:
        raise ValueError('a password does not belong in this file; write the whole URL as { env = "NAME" } or the like')
    return SecretStr(value)


SecretUrl = Annotated[
    SecretStr, BeforeValidator(_secret_url), WithJsonSchema({"anyOf": [{"type": "string"}, _SECRET_SCHEMA]})
]
"""A URL that may hold a password: written plainly without one, otherwise named like a secret."""


def _every(value: str) -> str:
    every(value)
    return value


class SourceOptions(Options):
    """What every source takes.

    `every` polls by interval, or by a cron line of five fields with day names; `overlap` is read again each time,
    because shops show changes late; a poll that would create or cancel more than `pause_share` of the plans and more
    than `pause_count` pauses the source until somebody approves it.
    """

    type: str
    enabled: bool = True
    every: Annotated[str, AfterValidator(_every)] = "1m"
    zone: Zone | None = None
    overlap: Length = timedelta(minutes=10)
    timeout: Length = timedelta(seconds=30)
    page_size: int = Field(250, ge=1, le=10_000)
    max_pages: int = Field(1000, ge=1)
    pause_share: float = Field(0.1, ge=0, le=1)
    pause_count: int = Field(500, ge=0)


class ChannelOptions(Options):
    """What every channel takes. `rate` is the provider's limit; `concurrency` how many deliveries go on at a time."""

    type: str
    enabled: bool = True
    rate: RateLimit | None = None
    concurrency: int = Field(8, ge=1, le=1000)
    timeout: Length = timedelta(seconds=20)
