"""What shipping late costs: the platforms' own figures, and bounds that always hold."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.model.order import Money
from notifier.model.shop import LatePenalty, Shop
from notifier.rules.risk import money_at_risk
from notifier.settings.tables import ShopTable
from tests.fakes.orders import make_order


def cny(amount: str | Decimal) -> Money:
    return Money(Decimal(amount), "CNY")


def shop(late_shipping: Any) -> Shop:
    """A shop with these settings."""
    table = ShopTable.model_validate({"late_shipping": late_shipping}).late_shipping
    return Shop(late_penalty=LatePenalty(table.share, table.least, table.most))


def at_risk(late_shipping: Any, amount: str) -> Money | None:
    return money_at_risk(make_order(total=cny(amount)), shop(late_shipping))


@pytest.mark.parametrize(
    ("amount", "taobao", "tmall"),
    [("9.90", "1.00", "2.97"), ("600", "30", "180"), ("2000", "30", "500"), ("100", "5.00", "30.00")],
)
def test_the_platforms_figures(amount: str, taobao: str, tmall: str) -> None:
    assert at_risk("taobao", amount) == cny(taobao)
    assert at_risk("tmall", amount) == cny(tmall)


def test_figures_of_ones_own() -> None:
    assert at_risk({"share": 0.1}, "55.55") == cny("5.56")
    assert at_risk({"share": 0.1, "least": "8 CNY"}, "55.55") == cny("8")
    assert at_risk({"share": 0.5, "most": "20 CNY"}, "55.55") == cny("20")


def test_nothing_is_said_where_nothing_is_known() -> None:
    taobao = shop("taobao")
    assert money_at_risk(make_order(), Shop()) is None
    assert money_at_risk(make_order(total=None), taobao) is None
    assert money_at_risk(make_order(total=cny("0")), taobao) is None
    assert money_at_risk(make_order(total=Money(Decimal(100), "USD")), taobao) is None
    assert money_at_risk(make_order(total=Money(Decimal(100), "USD")), shop({"share": 0.1})) == Money(
        Decimal("10.00"), "USD"
    )


amounts = st.decimals(Decimal("0.01"), Decimal(1_000_000), places=2)


@given(amounts, amounts)
def test_more_at_stake_never_costs_less(one: Decimal, other: Decimal) -> None:
    for platform in ("taobao", "tmall"):
        small, large = (at_risk(platform, str(amount)) for amount in sorted((one, other)))
        assert small is not None
        assert large is not None
        assert small.amount <= large.amount <= 500
        assert large.amount == large.amount.quantize(Decimal("0.01"))
