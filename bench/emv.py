"""The card reader: how many commands from SELECT to ARQC, and how much time we add to what the contact itself takes.

The far end runs in a process of its own, behind the real PC/SC daemon, paced like a T=0 contact at 9600 bit/s (12 etu
of 372 clocks at 3.5712 MHz: 1.25 ms a byte). `python -m bench.emv` prints the table.
"""

import asyncio
import contextlib
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from datetime import date
from typing import Any

from smartcard.System import readers

from branch.bank.issuer import derive_card_keys
from drivers.emv import PcscCardReader, PcscSlot, tlv
from drivers.emv.terminal import AIDS
from drivers.sim.card import READER, CardReaderFarEnd, MemorySlot, VirtualCard, load_cards
from drivers.sim.pcscd import PcscDaemon

OUT = pathlib.Path("build/bench/emv.json")
ROUNDS = 7
PAN, AID = "6229990100000001239", "A000000333010101"
AMOUNT = 10_000
TODAY = date(2026, 3, 2)
CONDITIONS = "one T=0 card, UnionPay debit, 3 records, 19-digit number"


class Recorder(PcscSlot):
    """A slot that remembers what was sent."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.sent: list[bytes] = []

    def transmit(self, command: bytes) -> bytes:
        self.sent.append(command)
        return super().transmit(command)


def write_cards(path: pathlib.Path) -> None:
    keys = derive_card_keys(bytes(range(16)), bytes(range(16, 32)), PAN, "00")
    card = {"name": "card", "pan": PAN, "sequence": "00", "expiry": "2031-12-31", "cardholder": "LI NA", "aid": AID}
    card |= {"label": "UnionPay Debit", "udk_ac": keys.ac.hex(), "udk_mac": keys.mac.hex(), "profile": "t0"}
    path.write_text(json.dumps([card]))


def minimum(card: VirtualCard) -> int:
    """The fewest T=0 commands from SELECT to ARQC, from what the card itself announces.

    One SELECT, one GET PROCESSING OPTIONS, one READ RECORD for each record of the AFL, one GENERATE AC. T=0 doubles
    each: the first three kinds with data need a GET RESPONSE, and a record's length is only known from its 6Cxx.
    """
    card.reset()
    card.apdu(bytes.fromhex("00A4040008" + AID))
    card.apdu(bytes.fromhex("80A800000C830A") + bytes(10))
    answer = card.apdu(bytes.fromhex("00C0000010"))
    locator = tlv.flatten(answer[:-2])["94"]
    return 2 * (3 + sum(locator[at + 2] - locator[at + 1] + 1 for at in range(0, len(locator), 4)))


def counts(path: pathlib.Path) -> tuple[int, int, int]:
    """(to list the applications, from SELECT to ARQC, the minimum of the latter)."""
    card = VirtualCard(load_cards(path)["card"])
    slot = MemorySlot()
    slot.insert(card)
    reader = PcscCardReader("pcsc:memory", today=lambda: TODAY, slot=slot)

    async def act() -> tuple[int, int]:
        await reader.wait_card(0)
        listed = len(slot.commands)
        await reader.begin(AID, AMOUNT)
        return listed, len(slot.commands) - listed

    listed, asked = asyncio.run(act())
    return listed, asked, minimum(card)


async def ours() -> tuple[float, list[bytes]]:
    """Seconds of one `begin` on a card that is in and listed, and what it sent."""
    slot = Recorder(READER)
    reader = PcscCardReader(READER, today=lambda: TODAY, slot=slot)
    try:
        await reader.wait_card(10)
        slot.sent.clear()
        start = time.perf_counter()
        await reader.begin(AID, AMOUNT)
        return time.perf_counter() - start, slot.sent
    finally:
        await reader.close()


def bare(commands: list[bytes]) -> float:
    """Seconds of the same commands by pyscard alone."""
    connection = next(r for r in readers() if str(r) == READER.removeprefix("pcsc:")).createConnection()
    connection.connect()
    try:
        start = time.perf_counter()
        for command in commands:
            connection.transmit(list(command))
        return time.perf_counter() - start
    finally:
        connection.disconnect()


@contextlib.contextmanager
def far_end(path: pathlib.Path) -> Iterator[None]:
    command = [sys.executable, "-W", "ignore", "-m", "bench.emv", "far-end", str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        yield
        process.stdin.close()
        process.wait(10)


async def serve(path: pathlib.Path) -> None:
    """The far end: a card in the slot until standard input ends."""
    far = CardReaderFarEnd(path, paced=True)
    await far.start()
    await far.act("insert", "card")
    print("ready", flush=True)
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), ended.set)
    await ended.wait()
    await far.stop()


def times(path: pathlib.Path) -> tuple[float, float]:
    """Medians in milliseconds, ours and bare pyscard's, taken in turns."""
    mine: list[float] = []
    theirs: list[float] = []
    daemon = PcscDaemon()
    daemon.start()
    try:
        with far_end(path):
            for _ in range(ROUNDS):
                seconds, sent = asyncio.run(ours())
                mine.append(seconds * 1000)
                theirs.append(bare(sent) * 1000)
    finally:
        daemon.stop()
    return statistics.median(mine), statistics.median(theirs)


def row(
    figure: str, unit: str, own: float, peer: float, peer_name: str, goal: float, conditions: str
) -> dict[str, Any]:
    values = {"figure": figure, "unit": unit, "ours": own, "peer": peer, "peer_name": peer_name}
    return values | {"ratio": own / peer, "goal": goal, "better": "lower", "conditions": conditions}


def run() -> list[dict[str, Any]]:
    """Measure, and write build/bench/emv.json."""
    warnings.filterwarnings("ignore", message=".*TripleDES.*")
    with tempfile.TemporaryDirectory() as place:
        path = pathlib.Path(place) / "cards.json"
        write_cards(path)
        listed, asked, least = counts(path)
        mine, theirs = times(path)
    by_list = 2 + len(AIDS) - 1  # SELECT and GET RESPONSE for the one it has, 6A82 for the others
    rows = [
        row("card commands, SELECT to ARQC", "T=0 commands", asked, least, "fewest this card allows", 1.0, CONDITIONS),
        row(
            "card commands, card in to ARQC",
            "T=0 commands",
            listed + asked,
            by_list + least,
            "trying our three AIDs one by one",
            1.1,
            f"{CONDITIONS}; the directory costs {listed}, but honours the card's own order and finds every application",
        ),
        row("time from SELECT to ARQC", "ms", mine, theirs, "the same commands by bare pyscard", 1.1,
            f"{CONDITIONS}; real pcscd, contact paced at 1.25 ms a byte, median of {ROUNDS}"),
    ]  # fmt: skip
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(rows, indent=1))
    return rows


if __name__ == "__main__":
    if sys.argv[1:2] == ["far-end"]:
        asyncio.run(serve(pathlib.Path(sys.argv[2])))
    else:
        for line in run():
            print(
                f"{line['figure']:<34} {line['ours']:8.1f} {line['peer']:8.1f} {line['ratio']:6.3f} goal {line['goal']}"
            )
