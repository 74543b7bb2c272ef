"""Carriers under their many names: another one is told from another spelling."""

from __future__ import annotations

import pytest

from notifier.rules.carriers import same_carrier

SAME = [
    ("顺丰速运", "SF Express"),
    ("顺丰", "顺丰快递"),
    ("SF", "sf-express"),
    ("ZTO", "中通快递"),
    ("YUNDA", "韵达快运"),
    ("J&T Express", "极兔速递"),
    ("京东", "JD Logistics"),
    ("EMS", "中国邮政EMS"),
    ("China Post", "邮政快递包裹"),
    ("DHL", "DHL Paket"),
    ("Deutsche Post", "deutsche post"),
    ("顺丰/EMS", "EMS"),
    ("SF or EMS", "ems"),
    ("顺丰、中通或者圆通", "圆通速递"),
    ("", "中通"),
    ("顺丰", ""),
    ("  ", "顺丰"),
    ("---", "顺丰"),
    ("Express", "Express"),
]
OTHER = [
    ("顺丰速运", "中通快递"),
    ("SF", "ZTO Express"),
    ("EMS", "中国邮政"),
    ("DHL", "UPS"),
    ("UPS", "USPS"),
    ("SF or EMS", "YTO"),
    ("SF", "SFC Service"),
    ("GLS", "DPD"),
]


@pytest.mark.parametrize(("promised", "used"), SAME)
def test_the_same_carrier(promised: str, used: str) -> None:
    assert same_carrier(promised, used)


@pytest.mark.parametrize(("promised", "used"), OTHER)
def test_another_carrier(promised: str, used: str) -> None:
    assert not same_carrier(promised, used)
    assert not same_carrier(used, promised) or "or" in promised
