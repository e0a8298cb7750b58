"""Codes before the camera, read in the whole terminal: before she has shown who she is, and after a PIN."""

from collections.abc import Awaitable, Callable

from tests.whole.rig import Terminal

Play = Callable[[Callable[[Terminal], Awaitable[None]]], None]


def test_an_appointment_is_welcomed_and_a_bill_is_paid_by_its_code_after_the_eye_was_shut_for_a_pin(play: Play) -> None:
    async def story(t: Terminal) -> None:
        await t.on("attract", "en")
        await t.parts.bench.act("camera", "show", "appointment")
        await t.on("identify.how", "scan")
        welcome = await t.on("scan.expected", "next")
        assert any("Savings and investment" in text for text in welcome["texts"])
        await t.parts.bench.act("camera", "hide")
        await t.on("identify.how", "id-card")
        await t.sees("identify.lay")
        await t.parts.bench.act("id-reader", "lay", "li-na")
        await t.sees("identify.take")
        await t.parts.bench.act("id-reader", "lift")
        await t.enters_pin()
        await t.on("menu", "bills")
        await t.on("bills.kind", "electricity")
        await t.sees("bills.hold")
        await t.parts.bench.act("camera", "show", "payment")  # another biller's: the code says whose it is
        due = await t.on("bills.due", "whole")
        assert any("Bay Water" in text for text in due["texts"])
        assert any("120.50" in text for text in due["texts"])
        await t.chooses("bills.from")
        await t.on("bills.confirm", "next")
        done = await t.on("bills.done", "next")
        written = await t.written("done")
        assert any(written["reference"] in text for text in done["texts"])
        await t.on("care.paper", "none")
        await t.parts.bench.act("camera", "hide")
        await t.on("menu", "leave")
        await t.on("farewell.rate", "rate-0")
        await t.sees("attract")

    play(story)
