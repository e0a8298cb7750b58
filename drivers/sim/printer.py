"""The far end of the receipt printer: paper, a knife, a cover, perhaps a presenter, and ESC/POS in front of them.

What it keeps to: real-time questions are answered at once, also when printing has stopped; everything else waits its
turn, and nothing is printed without paper, with the cover open or in a jam. What was received then comes out when the
trouble is mended, unless it was told to forget it. Each cut slip is put into a folder as `receipt-001.png` and `.txt`.
"""

import asyncio
import random
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from drivers.escpos.codec import CLEAR
from drivers.sim.base import Verb
from drivers.sim.escpos import Interpreter, Order, RealTimes, Text
from drivers.sim.paper import Paper
from drivers.sim.port import Port, PtyPort, TcpPort

ROLL, LOW, FEW = 2000, 40, 3
MOST_ORDERS = 50_000
SLOW = 0.1
GONE = ("unplugged", "power-off")
LEVELS = {0x30: "L", 0x31: "M", 0x32: "Q", 0x33: "H"}
SAYS = {0x41: b"1.0", 0x42: b"SIM", 0x43: b"SIM-TP80", 0x44: b"SIM000001"}


class PrinterFarEnd:
    """One simulated printer. `speed` is lines a second, 0 for at once; `chance` makes the noise of a bad line."""

    name = "printer"
    verbs = (
        Verb("take", "Take the slip"),
        Verb("load-paper", "Load paper", ("full", "low", "few")),
        Verb("open-cover", "Open the cover"),
        Verb("close-cover", "Close the cover"),
        Verb("clear-jam", "Clear the jam"),
    )
    faults = ("deaf", "slow", "garbled", "jam", "paper-out", "cover-open", "unplugged", "power-off")

    def __init__(
        self,
        folder: Path,
        *,
        wire: str = "serial",
        presenter: bool = False,
        speed: float = 0.0,
        chance: random.Random | None = None,
    ) -> None:
        if wire not in ("serial", "tcp"):
            raise ValueError("the wire is serial or tcp")
        self.fault, self.speed, self.slips = "", speed, list[str]()
        self._folder, self._presenter, self._chance = folder, presenter, chance or random.Random(1)
        self._port: Port = PtyPort(folder / "printer.tty", self._heard) if wire == "serial" else TcpPort(self._heard)
        self._lines, self._cover, self._jam, self._ticket = ROLL, False, False, ""
        self._orders: deque[Text | Order] = deque()
        self._paper, self._qr = Paper(), {"size": 3, "level": 0x30, "data": b""}
        self._real_times, self._interpreter = RealTimes(), Interpreter()
        self._go, self._age, self._due = asyncio.Event(), 0, 0.0
        self._worker: asyncio.Task[None] | None = None

    async def start(self) -> str:
        self._folder.mkdir(parents=True, exist_ok=True)
        url = await self._port.open()
        self._worker = asyncio.create_task(self._work())
        return url + ("&" if "?" in url else "?") + "presenter=custom" if self._presenter else url

    async def stop(self) -> None:
        worker, self._worker = self._worker, None
        if worker:
            worker.cancel()
            await asyncio.wait([worker])
        await self._port.close()

    async def act(self, verb: str, choice: str = "") -> None:
        known = next((known for known in self.verbs if known.name == verb), None)
        if known is None or (choice and choice not in known.choices):
            raise ValueError(f"no such act: {verb} {choice}")
        if verb == "take":
            self._ticket = ""
        elif verb == "load-paper":
            self._lines = {"low": LOW - 1, "few": FEW}.get(choice, ROLL)
        elif verb == "clear-jam":
            self._jam = False
        else:
            self._cover = verb == "open-cover"
        self._go.set()

    async def set_fault(self, fault: str) -> None:
        """Mends the fault before; so paper-out ends with a new roll, cover-open with a closed cover.

        Unplugged is the data cable: what was received is printed all the same. Without power it is forgotten.
        """
        if fault and fault not in self.faults:
            raise ValueError(f"no such fault: {fault}")
        before, self.fault = self.fault, fault
        if before in GONE and fault not in GONE:
            await self._port.open()
        if "paper-out" in (before, fault):
            self._lines = 0 if fault == "paper-out" else ROLL
        self._cover = fault == "cover-open" or (self._cover and before != "cover-open")
        self._jam = fault == "jam" or (self._jam and before != "jam")
        if fault in GONE:
            await self._port.close()
        if fault == "power-off":
            self._forget()
        self._go.set()

    def state(self) -> Mapping[str, Any]:
        return {
            "paper": "out" if not self._lines else "low" if self._lines < LOW else "ok",
            "lines_left": self._lines,
            "cover": "open" if self._cover else "closed",
            "jam": self._jam,
            "in_presenter": self._ticket,
            "waiting_orders": len(self._orders),
            "slips": list(self.slips[-20:]),
            "fault": self.fault,
        }

    # --- what comes over the wire

    def _heard(self, data: bytes) -> None:
        if self.fault == "deaf":
            return
        for command in self._real_times.feed(data):
            if command == CLEAR:
                self._clear()
                data = data.rpartition(CLEAR)[2] if CLEAR in data else b""
            elif command[1] == 0x04:
                self._answer(self._status(command[2]))
        if len(self._orders) < MOST_ORDERS:
            self._orders.extend(self._interpreter.feed(data))
        self._go.set()

    def _clear(self) -> None:
        """DLE DC4 8, and the word that it was obeyed."""
        self._forget()
        self._answer(b"\x37\x25\x00")

    def _forget(self) -> None:
        """Forget all that was received; what has been printed stays on the paper."""
        self._orders.clear()
        self._interpreter, self._age = Interpreter(), self._age + 1
        self._paper.reset()

    def _status(self, number: int) -> bytes:
        out, low = not self._lines, self._lines < LOW
        if number == 0x14:
            paper = out | low << 2 | bool(self._ticket) << 5
            return bytes((0x10, 0x0F, paper, self._cover << 1, 0, 0))
        bits = {
            1: self._stopped << 3,
            2: self._cover << 2 | out << 5 | self._jam << 6,
            3: self._jam << 3,
            4: (0x0C if low else 0) | (0x60 if out else 0),
        }
        return bytes((0x12 | bits[number],))

    def _answer(self, data: bytes) -> None:
        if self.fault == "garbled":
            data = bytes(byte ^ 0x91 for byte in data) + self._chance.randbytes(1)
        if self.fault != "slow":
            return self._port.send(data)
        loop = asyncio.get_running_loop()
        self._due = max(self._due, loop.time()) + SLOW
        loop.call_at(self._due, self._port.send, data)
        return None

    # --- the mechanism

    @property
    def _stopped(self) -> bool:
        return not self._lines or self._cover or self._jam

    async def _work(self) -> None:
        """One order after the other, as long as there are any and printing is possible."""
        while True:
            await self._go.wait()
            if self._stopped or not self._orders:
                self._go.clear()
                continue
            order, age = self._orders.popleft(), self._age
            if order == Order(b"\n") and self.speed:
                await asyncio.sleep(1 / self.speed)
            if self._stopped and age == self._age:
                self._orders.appendleft(order)
            elif age == self._age:
                self._obey(order)

    def _obey(self, order: Text | Order) -> None:
        if isinstance(order, Text):
            return self._paper.write(order.text)
        known: dict[bytes, Callable[[bytes], None]] = {
            b"\n": lambda _: self._use(1, self._paper.end_line),
            b"\x1b@": lambda _: self._paper.reset(),
            b"\x1bd": lambda args: self._use(args[0], lambda: self._paper.feed(args[0])),
            b"\x1dv": lambda args: self._use(1, lambda: self._paper.picture(args[2] + 256 * args[3], args[6:])),
            b"\x1dV": lambda _: self._cut(),
            b"\x1dr": lambda _: self._answer(
                bytes(((0x03 if self._lines < LOW else 0) | (0 if self._lines else 0x0C),))
            ),
            b"\x1dI": lambda args: self._answer(b"\x5f" + SAYS.get(args[0], b"") + b"\x00"),
            b"\x1d(": self._function,
            b"\x1de": self._eject,
        }
        if order.name in known:
            known[order.name](order.args)
        elif order.args:
            self._style(order.name, order.args[0])
        return None

    def _style(self, name: bytes, value: int) -> None:
        if name == b"\x1ba":
            self._paper.align = value % 48
        elif name == b"\x1bE":
            self._paper.bold = bool(value & 1)
        elif name == b"\x1b3":
            self._paper.pitch = value
        elif name == b"\x1d!":
            self._paper.across, self._paper.down = (value >> 4) + 1, (value & 0x0F) + 1

    def _function(self, args: bytes) -> None:
        """GS ( H echoes a process id; GS ( k collects a QR code and prints it."""
        kind, rest = args[:1], args[3:]
        if kind == b"H" and rest[:2] == b"\x30\x30":
            self._answer(b"\x37\x22" + rest[2:6] + b"\x00")
        elif kind == b"k" and rest[:1] == b"\x31":
            keys = {0x43: "size", 0x45: "level"}
            if rest[1] in keys:
                self._qr[keys[rest[1]]] = rest[2]
            elif rest[1] == 0x50:
                self._qr["data"] = rest[3:]
            elif rest[1] == 0x51:
                self._use(4, self._print_qr)

    def _print_qr(self) -> None:
        size, level, data = self._qr["size"], self._qr["level"], self._qr["data"]
        if isinstance(size, int) and isinstance(level, int) and isinstance(data, bytes) and data:
            self._paper.qr(data.decode("utf-8", "replace"), size, LEVELS.get(level, "L"))

    def _use(self, lines: int, act: Callable[[], None]) -> None:
        self._lines = max(0, self._lines - lines)
        act()

    def _cut(self) -> None:
        if self._paper.empty:
            return
        number = 1
        while (self._folder / f"receipt-{number:03d}.txt").exists():
            number += 1
        name = f"receipt-{number:03d}"
        self._paper.image().save(self._folder / f"{name}.png")
        (self._folder / f"{name}.txt").write_text(self._paper.text())
        self._paper = Paper()
        self.slips.append(name)
        self._ticket = name if self._presenter else ""

    def _eject(self, args: bytes) -> None:
        if args[0] == 2:
            self._ticket = ""
