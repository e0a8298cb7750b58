"""Everything that a terminal needs around it, on this machine: a branch server and the far ends of its devices.

Both run as programs of their own, as they do in a bank; what they say is kept in `logs/`.
"""

import asyncio
import json
import os
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from kiosk.config import Config, load
from kiosk.enrol import enrol

TERMINAL = "VTM001"
PATIENCE = 40.0
"""Seconds that a part gets to start."""
END = 10.0
"""Seconds that a part gets to stop."""
DEVICES = {
    name: f"sim:{name.replace('_', '-')}" for name in ("id_reader", "card_reader", "pin_pad", "printer", "camera")
}


class DidNotStart(Exception):
    """A part did not come up; says where it tells why."""


@dataclass(frozen=True)
class Parts:
    """What runs, and how to get at it."""

    folder: Path
    page: str
    """Address of the device bench."""
    config: Config
    bench: "Bench"

    @property
    def rendezvous(self) -> str:
        """The file by which drivers find `sim:` devices; the value of the variable KIOSK_SIM."""
        return str(self.folder / "devices/sim.json")

    async def branch(self, *words: str) -> str:
        """Run a command of the branch and answer what it said; raises DidNotStart when it failed."""
        return await command(self.folder, *words, "--config", str(self.folder / "branch/branch.toml"))


class Bench:
    """Hands at the simulated devices: the same requests that the bench page sends."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def act(self, device: str, verb: str, choice: str = "") -> dict[str, Any]:
        """Do something at a device, such as `("card-reader", "insert", "li-na-debit")`; answers its view."""
        return await self._post("/act", {"device": device, "verb": verb, "choice": choice})

    async def fault(self, device: str, fault: str = "") -> dict[str, Any]:
        """Put a fault in force, or mend it."""
        return await self._post("/fault", {"device": device, "fault": fault})

    async def state(self) -> dict[str, Any]:
        """Every device's view by its name."""
        answer = await self._client.get("/state")
        return {device["name"]: device for device in answer.raise_for_status().json()["devices"]}

    async def _post(self, path: str, order: dict[str, str]) -> dict[str, Any]:
        answer = await self._client.post(path, json=order)
        if answer.is_error:
            raise ValueError(f"{path} {order}: {answer.text}")
        found: dict[str, Any] = answer.json()
        return found


@asynccontextmanager
async def running(folder: Path, *, pcscd: bool = True, **sections: Mapping[str, float]) -> AsyncIterator[Parts]:
    """Set up and start branch and devices in an empty folder, and enrol a terminal there. Raises DidNotStart.

    `pcscd` False: the caller has a PC/SC daemon already, and the devices bring none of their own. `sections` go into
    the terminal's configuration beside what is needed: `screen={"width": 540, …}`, `patience={"idle": 5}`.
    """
    state = folder / "branch"
    (folder / "logs").mkdir(parents=True)
    await command(folder, "init", "--state", str(state))
    config, port = state / "branch.toml", free_port()
    config.write_text(config.read_text().replace("port = 8443", f"port = {port}"))
    cards, keys = folder / "cards.json", folder / "pad-keys.json"
    await command(folder, "seed", "--cards-out", str(cards), "--config", str(config))
    code = await command(folder, "terminal", "add", TERMINAL, "--tmk-out", str(keys), "--config", str(config))
    sims = ["drivers.sim", "--state", str(folder / "devices"), "--cards", str(cards), "--pad-keys", str(keys)]
    sims += [] if pcscd else ["--no-pcscd"]
    url = f"https://127.0.0.1:{port}"
    async with _program(folder, "branch", "serve", "--config", str(config)), _program(folder, *sims) as devices:
        page = await _said(folder, devices, "device bench: ")
        await _listening(folder, port)
        file = folder / "terminal.toml"
        file.write_text(toml(folder, url, **sections))
        found = load(file)
        await enrol(found, code.strip(), state / "authority.pem")
        async with httpx.AsyncClient(base_url=page, timeout=10) as client:
            yield Parts(folder, page, found, Bench(client))


def toml(folder: Path, url: str, **sections: Mapping[str, float]) -> str:
    """The configuration of the terminal, in the words of `kiosk.toml`."""
    whole: dict[str, Mapping[str, Any]] = {
        "terminal": {"id": TERMINAL, "state": str(folder / "terminal")},
        "branch": {"url": url},
        "devices": DEVICES,
        **sections,
    }
    lines = (
        [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in body.items())] for name, body in whole.items()
    )
    return "\n".join("\n".join(one) + "\n" for one in lines)


async def command(folder: Path, *words: str) -> str:
    """Run `branch WORDS…` to its end."""
    with (folder / "logs/branch-commands.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "branch", *words, stdout=asyncio.subprocess.PIPE, stderr=log, env=_environment()
        )
        said, _ = await process.communicate()
    if process.returncode:
        raise DidNotStart(f"branch {words[0]} failed; see {log.name}")
    return said.decode()


@asynccontextmanager
async def _program(folder: Path, *words: str) -> AsyncIterator[asyncio.subprocess.Process]:
    with (folder / f"logs/{words[0]}.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", *words, stdout=asyncio.subprocess.PIPE, stderr=log, env=_environment()
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        try:
            async with asyncio.timeout(END):
                await process.communicate()
        except TimeoutError:
            process.kill()
            await process.communicate()


async def _said(folder: Path, process: asyncio.subprocess.Process, words: str) -> str:
    """The rest of the first line that begins with these words."""
    assert process.stdout is not None  # noqa: S101  it was made with a pipe
    try:
        async with asyncio.timeout(PATIENCE):
            async for line in process.stdout:
                if line.decode().startswith(words):
                    return line.decode().removeprefix(words).strip()
    except TimeoutError:
        pass
    raise DidNotStart(f"the devices did not start; see {folder}/logs/drivers.sim.log")


async def _listening(folder: Path, port: int) -> None:
    try:
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    await asyncio.sleep(0.1)
                    continue
                writer.close()
                await writer.wait_closed()
                return
    except TimeoutError:
        raise DidNotStart(f"the branch did not start; see {folder}/logs/branch.log") from None


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
    return port


def _environment() -> Mapping[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("KIVY_", "KIOSK_"))}
