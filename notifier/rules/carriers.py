"""Is a parcel with the carrier that was promised? Shops, platforms and warehouses write the same name in many ways."""

from __future__ import annotations

import re
import unicodedata

_SAME: tuple[frozenset[str], ...] = tuple(
    frozenset(names.split())
    for names in (
        "sf 顺丰 shunfeng",
        "zto 中通 zhongtong",
        "yto 圆通 yuantong",
        "sto 申通 shentong",
        "yunda 韵达 yd",
        "jt jnt jandt 极兔",
        "jd jdl 京东 jingdong",
        "best 百世 百世汇通 htky huitong",
        "deppon 德邦 dbkd debang",
        "ems 邮政ems 中国邮政ems eyb",
        "chinapost 邮政 中国邮政 postb youzhengguonei",
        "ups unitedparcelservice",
        "usps unitedstatespostalservice",
    )
)
"""Names of one carrier, without the words that any of them may carry."""
_ANY = re.compile("(express|delivery|logistics|courier|kuaidi|快递|速运|速递|快运|物流|包裹)$")
_CHOICE = re.compile(r"[/、,，;；|]|\bor\b|或者|或")
_SHORTEST = 2


def same_carrier(promised: str, used: str) -> bool:
    """Whether `used` is `promised`, or one of them where several were promised (`顺丰/EMS`, `SF or EMS`).

    Careful rather than clever: an unknown name that begins like the other one is taken for the same carrier (`DHL`
    and `DHL Paket`), and so is a promise or a carrier that is not known at all. Only a parcel that is surely with
    somebody else is worth an alert.
    """
    kept = _plain(used)
    names = [plain for name in _CHOICE.split(promised) if (plain := _plain(name))]
    return not kept or not names or any(_alike(name, kept) for name in names)


def _plain(name: str) -> str:
    """`SF Express` → `sf`, `顺丰速运` → `顺丰`."""
    plain = re.sub(r"[\W_]", "", unicodedata.normalize("NFKC", name).casefold())
    while (shorter := _ANY.sub("", plain)) not in {"", plain}:
        plain = shorter
    return plain


def _alike(one: str, other: str) -> bool:
    if one == other or any(one in names and other in names for names in _SAME):
        return True
    if any(one in names or other in names for names in _SAME):
        return False
    short, long = sorted((one, other), key=len)
    return len(short) >= _SHORTEST and long.startswith(short)
