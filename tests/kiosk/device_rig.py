"""What the tests of `kiosk device` stand on: the far ends' own process, and the hands at it."""

import json
import pathlib
import signal
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import httpx

from branch.bank.issuer import derive_card_keys

ROOT = pathlib.Path(__file__).parent.parent.parent
PAN = "6229990100000001239"
DEVICES = ("id-reader", "card-reader", "pin-pad", "printer", "camera", "panel")
"""What `kiosk device` asks."""
FAR_ENDS = (*DEVICES, "headset", "speaker")


def write_inputs(folder: pathlib.Path) -> tuple[pathlib.Path, pathlib.Path]:
    keys = derive_card_keys(bytes(range(16)), bytes(range(16, 32)), PAN, "00")
    card = {"name": "li-na-debit", "pan": PAN, "sequence": "00", "expiry": "2031-12-31", "cardholder": "LI NA"}
    card |= {"label": "UnionPay Debit", "aid": "A000000333010101", "profile": "plain"}
    card |= {"udk_ac": keys.ac.hex(), "udk_mac": keys.mac.hex()}
    cards, pad = folder / "cards.json", folder / "pad.json"
    cards.write_text(json.dumps([card]))
    pad.write_text(json.dumps({"tmk": bytes(range(16)).hex(), "tmk_aes": bytes(16).hex()}))
    return cards, pad


@dataclass
class Rig:
    """The far ends' process, and the hands at it."""

    state: pathlib.Path
    process: "subprocess.Popen[str]"
    page: str

    def act(self, name: str, verb: str, choice: str = "") -> None:
        self._post("act", device=name, verb=verb, choice=choice)

    def fault(self, name: str, fault: str) -> None:
        self._post("fault", device=name, fault=fault)

    def seen(self, name: str) -> dict[str, Any]:
        devices = httpx.get(f"{self.page}state").json()["devices"]
        return next(dict(one["state"]) for one in devices if one["name"] == name)

    def url(self, name: str) -> str:
        """Where the far end is, as the rendezvous file has it."""
        return str(json.loads((self.state / "sim.json").read_text())[name])

    def mend(self) -> None:
        """As after switching everything on: no fault, no card, a full roll."""
        for name in DEVICES:
            self.fault(name, "")
        self.act("id-reader", "lift")
        self.act("card-reader", "pull")
        for verb in ("clear-jam", "close-cover", "take"):
            self.act("printer", verb)
        self.act("printer", "load-paper", "full")
        self.act("camera", "hide")
        for verb in ("hang", "pull", "leave", "close-door"):
            self.act("panel", verb)
        for verb, choice in (("turn-key", "run"), ("power", "mains")):
            self.act("panel", verb, choice)

    def _post(self, path: str, **order: str) -> None:
        httpx.post(self.page + path, json=order).raise_for_status()


def start(folder: pathlib.Path, *more: str) -> Rig:
    cards, pad = write_inputs(folder)
    words = ["--state", str(folder / "state"), "--cards", str(cards), "--pad-keys", str(pad), "--no-pcscd", *more]
    process = subprocess.Popen(
        [sys.executable, "-m", "drivers.sim", *words], cwd=ROOT, text=True, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    ready = process.stdout.readline()
    assert ready.startswith("device bench: http://127.0.0.1:"), ready
    return Rig(folder / "state", process, ready.split()[-1])


def stop(rig: Rig, number: signal.Signals = signal.SIGTERM) -> int:
    rig.process.send_signal(number)
    code = rig.process.wait(20)
    assert rig.process.stdout is not None
    rig.process.stdout.close()
    return code
