"""The tables of `notifier.toml`, key by key. Those of sources and channels are in the files of their adapters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, time
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, SecretStr, WithJsonSchema

from notifier.model.order import Money
from notifier.model.shop import QuietHours
from notifier.options import Options, Secret, SecretUrl, Zone
from notifier.rules.arguments import read_money
from notifier.settings.dates import When
from notifier.settings.hours import Hours

_URL = re.compile(r"https?://[^\s/]+\S*")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_QUIET = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)-([01]?\d|2[0-3]):([0-5]\d)")


def _language(value: str) -> str:
    if not _LANGUAGE.fullmatch(value):
        raise ValueError('must be a language\'s short name, such as "en" or "zh-CN"')
    return value


def _currency(value: str) -> str:
    if not re.fullmatch("[A-Z]{3}", value):
        raise ValueError('must be three capital letters, such as "CNY"')
    return value


def _country(value: str) -> str:
    if not re.fullmatch("([A-Z]{2})?", value):
        raise ValueError('must be two capital letters, such as "CN"')
    return value


def _public_url(value: str) -> str:
    if value and not _URL.fullmatch(value):
        raise ValueError("must be a web address, such as https://shop.example.com")
    return value.rstrip("/")


def _long_enough(value: SecretStr | None) -> SecretStr | None:
    if value is not None and 0 < len(value.get_secret_value()) < 16:
        raise ValueError("must have at least 16 characters, such as `openssl rand -hex 32` prints")
    return value


def _quiet_hours(value: Any) -> QuietHours:
    if isinstance(value, QuietHours):
        return value
    if value == "none":
        return QuietHours(time(0), time(0))
    match = _QUIET.fullmatch(value.replace(" ", "")) if isinstance(value, str) else None
    if match is None:
        raise ValueError('must be two times of day, such as "22:00-08:00", or "none"')
    hour, minute, last_hour, last_minute = map(int, match.groups())
    return QuietHours(time(hour, minute), time(last_hour, last_minute))


def _greeting(value: Any) -> Any:
    return {"holiday": value} if isinstance(value, str) else value


Language = Annotated[str, AfterValidator(_language)]


def _holiday_or_date(greeting: Greeting) -> Greeting:
    if bool(greeting.holiday) == bool(greeting.day):
        raise ValueError("needs either a holiday or a date")
    if greeting.day and not greeting.name:
        raise ValueError("needs a name, because the date alone does not tell it")
    return greeting


def _store_url(value: SecretStr) -> SecretStr:
    if not value.get_secret_value():
        raise ValueError("is empty, or the place where it is kept cannot be read here")
    if not value.get_secret_value().startswith("sqlite:///"):
        raise ValueError('must be a file: sqlite:/// and its path, such as "sqlite:///var/notifier.db"')
    return value


class ReturnWindow(Options):
    """How long goods may be sent back."""

    days: int = Field(default=7, ge=0, le=3650)
    counted_from: Literal["midnight", "delivery"] = Field(default="midnight", alias="from")


class Greeting(Options):
    """A day on which customers are greeted, and what it is called in the greeting."""

    name: str = ""
    holiday: str = ""
    day: date | None = Field(default=None, alias="date")


OneGreeting = Annotated[
    Greeting,
    BeforeValidator(_greeting, json_schema_input_type=str | Greeting),
    AfterValidator(_holiday_or_date),
]


_PLATFORMS: Mapping[str, Mapping[str, Any]] = {
    "none": {},
    "taobao": {"share": "0.05", "least": "1 CNY", "most": "30 CNY"},
    "tmall": {"share": "0.3", "most": "500 CNY"},
}
"""What platforms took in 2026 for an order shipped late. They change it: then the settings say it in figures."""


def _platform(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if value not in _PLATFORMS:
        names = ", ".join(f'"{name}"' for name in _PLATFORMS)
        raise ValueError(f"must be {names}, or a table with share, least and most")
    return _PLATFORMS[value]


def _money(value: Any) -> Any:
    return value if value is None or isinstance(value, Money) else read_money(value)


def _bounds_agree(table: LateShipping) -> LateShipping:
    least, most = table.least, table.most
    if least and most and (least.currency != most.currency or least.amount > most.amount):
        raise ValueError("needs least and most in one currency, and least not above most")
    return table


Amount = Annotated[Money | None, BeforeValidator(_money), WithJsonSchema({"type": "string"})]


class LateShipping(Options):
    """What shipping an order late costs: a share of its amount (0.05 is 5 %), at least and at most so much."""

    share: Annotated[Decimal, WithJsonSchema({"type": "number", "minimum": 0, "maximum": 1})] = Field(
        default=Decimal(0), ge=0, le=1
    )
    least: Amount = None
    most: Amount = None


OneLateShipping = Annotated[
    LateShipping,
    BeforeValidator(_platform, json_schema_input_type=Literal["none", "taobao", "tmall"] | LateShipping),
    AfterValidator(_bounds_agree),
]


class ShopTable(Options):
    """`[shop]`: who we are, and what holds for every job."""

    name: str = Field(default="Shop", min_length=1, max_length=60)
    time_zone: Zone = "UTC"
    language: Language = "en"
    currency: Annotated[str, AfterValidator(_currency)] = "CNY"
    country: Annotated[str, AfterValidator(_country)] = ""
    public_url: Annotated[str, AfterValidator(_public_url)] = ""
    contact: str = ""
    return_address: str = ""
    return_carriers: str = ""
    return_window: ReturnWindow = ReturnWindow()
    late_shipping: OneLateShipping = LateShipping()
    holidays: tuple[date, ...] = ()
    workdays: tuple[date, ...] = ()
    greetings: tuple[OneGreeting, ...] = ()


class StoreTable(Options):
    """`[store]`: where orders, reminders and what was sent are kept."""

    url: Annotated[SecretUrl, AfterValidator(_store_url)] = SecretStr("sqlite:///var/notifier.db")


Quiet = Annotated[QuietHours, BeforeValidator(_quiet_hours), WithJsonSchema({"type": "string"})]


class QuietTable(Options):
    """When nothing is said, in the customer's zone. Wider for marketing: 47 CFR 64.1200 allows 08:00 to 21:00."""

    service: Quiet = QuietHours(time(22), time(8))
    marketing: Quiet = QuietHours(time(21), time(9))


class SendTable(Options):
    """`[send]`: what holds for every message to a customer, and how many are worked on at a time."""

    quiet_hours: QuietTable = QuietTable()
    weekly_cap: int = Field(default=2, ge=0)
    daily_cap: int = Field(default=6, ge=1)
    batch: int = Field(default=500, ge=1, le=10_000)


class WebTable(Options):
    """`[web]`: the small web application, for links in alerts and for Twilio. It listens once it has a `public_url`.

    Nobody outside reaches `host` and `port` by themselves: a web server in front of it passes `public_url` on to them.
    """

    public_url: Annotated[str, AfterValidator(_public_url)] = ""
    host: str = Field(default="127.0.0.1", min_length=1)
    port: int = Field(default=8780, ge=0, le=65535)
    secret: Annotated[Secret | None, AfterValidator(_long_enough)] = None

    @property
    def enabled(self) -> bool:
        """Whether it listens: links that lead nowhere need no server."""
        return bool(self.public_url)


class ClockTable(Options):
    """`[clock]`: for trials, a day in the past or future, and time that runs faster."""

    start: AwareDatetime | None = None
    speed: float = Field(default=1.0, gt=0, le=100_000)


class LogTable(Options):
    """`[log]`: "auto" writes text on a terminal and JSON elsewhere."""

    format: Literal["auto", "text", "json"] = "auto"
    level: Literal["debug", "info", "warning", "error"] = "info"


class FoldersTable(Options):
    """`[folders]`: files that replace the shipped ones of the same name; the default ones need not be there.

    `oncall` is one file, beside the settings, in place of the shipped one.
    """

    jobs: str = "jobs"
    templates: str = "templates"
    oncall: str = Field(default="oncall.toml", min_length=1)


class PromotionTable(Options):
    """`[promotions.NAME]`: days on which jobs and hours are different."""

    start: When = Field(alias="from", description="When it begins, such as 2026-11-10 or 2026-11-10T20:00:00+08:00.")
    end: When = Field(alias="until", description="When it ends; a date is a whole day.")
    jobs: dict[str, dict[str, Any]] = Field(
        default={}, description="Changes to jobs for moments in that time, under the name of each."
    )
    hours: dict[str, tuple[Hours, ...]] = Field(
        default={}, description="Hours on these days, under the names of agents and groups."
    )


class SettingsFile(Options):
    """`notifier.toml` as a whole."""

    shop: ShopTable = ShopTable()
    store: StoreTable = StoreTable()
    send: SendTable = SendTable()
    clock: ClockTable = ClockTable()
    log: LogTable = LogTable()
    web: WebTable = WebTable()
    folders: FoldersTable = FoldersTable()
    sources: dict[str, dict[str, Any]] = Field(
        default={}, description="Shops that are read, each under a name of its own."
    )
    channels: dict[str, dict[str, Any]] = Field(
        default={}, description="Ways to reach people, each under a name of its own."
    )
    jobs: dict[str, dict[str, Any]] = Field(default={}, description="Changes to jobs, under the name of each.")
    promotions: dict[str, PromotionTable] = Field(
        default={}, description="Days on which jobs and hours are different, under a name of their own."
    )
