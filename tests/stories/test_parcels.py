"""Parcels that leave together are told of together."""

from __future__ import annotations

from tests.stories.stage import Stage
from tests.stories.world import at, order, parcel


async def test_three_parcels_in_ten_minutes_are_one_message_and_the_fourth_its_own(stage: Stage) -> None:
    stage.settings["sources"]["shop"]["every"] = "1m"
    stage.show(order(1001, state="paid", paid=at("09:00")))
    await stage.open("shipment-notice")
    await stage.fast_forward(hours=1)
    parcels = []
    for number, (left, then) in enumerate([("10:00", 4), ("10:04", 4), ("10:08", 1)], 1):
        parcels.append(parcel(number, left))
        stage.change(1001, state="shipped", parcels=list(parcels))
        await stage.fast_forward(minutes=then)
        stage.expect_silence()
    await stage.fast_forward(minutes=1)
    stage.expect_mail(1001, "3 parcels of your order", "SF1001", "SF1002", "SF1003")

    await stage.fast_forward(minutes=50)
    stage.change(1001, parcels=[*parcels, parcel(4, "11:00")])
    await stage.fast_forward(minutes=10)
    mail = stage.expect_mail(1001, "Parcel 4 of 4", "SF1004")
    assert "SF1001" not in mail.as_string()
