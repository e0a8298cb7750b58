"""Messages are frozen, refuse what they do not know, and authenticate every part of an order."""

from typing import Any

import pytest
from pydantic import ValidationError

from protocol import messages as m
from protocol.calls import PATHS

VISIT = "VTM001-" + "0f" * 16
KEY = f"{VISIT}/001-transfer"
ORDER = m.TransferOrder(
    source="s", source_masked="6229 **** 1", target="t", target_masked="6229 **** 2", target_name="*明", amount=1, fee=0
)
MESSAGES = sorted(
    {kind for call in PATHS.values() for kind in (call.request, call.reply)}, key=lambda kind: kind.__name__
)


@pytest.mark.parametrize("kind", MESSAGES, ids=lambda kind: kind.__name__)
def test_what_crosses_the_wire_cannot_be_changed_and_has_no_unknown_part(kind: type[m.Message]) -> None:
    assert kind.model_config["frozen"]
    assert kind.model_config["extra"] == "forbid"


def test_every_call_has_a_path_of_its_own() -> None:
    assert len({call.path for call in PATHS.values()}) == len(PATHS)


@pytest.mark.parametrize(
    "key",
    [
        "",
        VISIT,
        f"{VISIT}/01-transfer",
        f"{VISIT}/001-",
        f"{VISIT}/001-Transfer",
        f"{KEY}\n",
        f"\n{KEY}",
        f"{KEY}/001-transfer",
        KEY.upper(),
        KEY.replace("VTM001", "VTM-001"),
        KEY.replace("VTM001", ""),
        KEY.replace("0f", "0", 1),
    ],
)
def test_what_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(ValidationError):
        m.Reversal(key=key, reason="settle")


def test_a_key_is_accepted() -> None:
    assert m.Reversal(key=KEY, reason="settle").key == KEY


@pytest.mark.parametrize(
    "change", [{"amount": 0}, {"amount": -1}, {"fee": -1}, {"amount": 10**15}, {"currency": "USD"}]
)
def test_an_order_moves_a_sum_above_nothing_in_yuan(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        m.TransferOrder.model_validate({**ORDER.model_dump(), **change})


@pytest.mark.parametrize("field", sorted(m.TransferOrder.model_fields))
def test_the_mac_covers_every_part_of_an_order(field: str) -> None:
    other = 7 if isinstance(getattr(ORDER, field), int) else "changed"
    altered = ORDER.model_copy(update={field: other})
    assert m.authenticated(KEY, 1, "CODE", altered) != m.authenticated(KEY, 1, "CODE", ORDER)


def test_the_mac_covers_key_trace_and_code() -> None:
    plain = m.authenticated(KEY, 1, "CODE", ORDER)
    others = [(KEY + "s", 1, "CODE"), (KEY, 2, "CODE"), (KEY, 1, "OTHER")]
    assert plain not in [m.authenticated(*other, ORDER) for other in others]


@pytest.mark.parametrize("hexes", ["0", "AB", "zz", "00 11", "0x"])
def test_bytes_are_lower_case_hex_in_pairs(hexes: str) -> None:
    with pytest.raises(ValidationError):
        m.CardVerdict(approved=True, field55=hexes)


def test_a_message_survives_the_wire() -> None:
    post = m.Post(key=KEY, trace=1, code="C", operator="VTM", customer="c", order=ORDER, mac="00")
    assert m.Post.model_validate_json(post.model_dump_json()) == post
