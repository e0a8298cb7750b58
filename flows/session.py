"""Session: one visit. It asks, waits for devices, looks things up and does effects, and it attends to interruptions.

Whatever a flow waits for, the same things may happen meanwhile: the customer asks for a person, goes quiet, leaves,
lays a second identity card down, or pulls her card. All of that is handled here, so that a flow stays a story.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

from drivers.api import Abandoned, DeviceError, Faulty
from flows import effects
from flows.arrive import Arrival
from flows.back import MISSING, Tape
from flows.elder import MORE, fewer
from flows.helped import IN_WRITING, help_called
from flows.journal import Intent, JournalFailed, Undo
from flows.level import Level as Level, NotSent as NotSent, OtherWay as OtherWay, VisitOver as VisitOver
from flows.orders import about, order_facts
from flows.paper import Kept
from flows.ports import Back, Bank, CallHelp, Chrome, Refused, Unreachable
from flows.screens import Confirmed, EnterPin, Screen, Tell, Wait
from flows.stamp import stamp
from flows.terminal import Devices, Terminal
from flows.waiting import cancelled, outlived, patiently
from protocol import messages as m
from protocol.mask import Pan, PinBlock

T = TypeVar("T")
Out = TypeVar("Out", bound=m.Outcome)
TRANSFERRING = Wait("wait.transfer")
LEAVE = Chrome("leave")
STOOD = 5.0  # seconds on the glass after which an ending counts as told


@dataclass
class Session:
    """One visit at one terminal. Everything personal lives here and is gone with it."""

    terminal: Terminal
    visit: str
    level: Level = Level.NOBODY
    customer: str = ""
    surname: str = ""
    claim: m.Claimed | None = None
    id_number: str = field(default="", repr=False)
    card_aid: str = ""
    arrived: Arrival | None = None
    """The card with which she began, until it has been looked at."""
    asked_in: set[str] = field(default_factory=set)
    """What the customer was asked to put in, `card` or `id-card`: it is called after at the end, read or not."""
    preferences: m.Preferences | None = None
    """What is kept of how she likes the glass."""
    touched_in: bool = False
    """She began by choosing a language."""
    hurried: bool = False
    """The terminal is being stopped: nothing waits long any more."""
    last_call: str = ""
    """Why nothing new is begun any more: the visit ends at its menu."""
    broken: str = ""
    """Set when the journal could not take an ending: the terminal goes out of service."""
    tape: Tape = field(default_factory=Tape)
    papers: list[Kept] = field(default_factory=list)
    """What was printed in this visit, for copies."""
    _spent: list[Confirmed] = field(default_factory=list)
    _interrupt: "asyncio.Future[None] | None" = None
    _pending: VisitOver | None = None
    _active: float = 0.0
    _watchers: list["asyncio.Task[None]"] = field(default_factory=list)

    @property
    def bank(self) -> Bank:
        """The bank, for flows."""
        return self.terminal.bank

    @property
    def devices(self) -> Devices:
        """The hardware, for flows."""
        return self.terminal.devices

    # --- questions

    async def ask(self, screen: Screen[T], *, back: bool = True) -> T:
        """Show a screen until it is answered."""
        kept = self.tape.replay(screen)
        if kept is not MISSING:
            answer: T = kept
            return answer
        answer = await self._shown(screen, Chrome("back" if back and not self.tape.closed else ""))
        if not self.tape.closed:
            self.tape.keep(screen, answer, asked=True)
        return answer

    async def ask_untaped(self, screen: Screen[T]) -> T:
        """Ask what must not be kept: a link that opens by itself. "Back" is the flow's own, as ever."""
        return await self._shown(screen, Chrome("back"))

    async def ask_or(self, screen: Screen[str], act: Callable[[], Awaitable[T]]) -> str | T:
        """Show a screen until it is answered: by a touch, or by what her hand does at a device."""
        kept = self.tape.replay(screen)
        if kept is not MISSING:
            kept_answer: str | T = kept
            return kept_answer
        answer: str | T
        try:
            answer = await self.during(screen, act)
        except OtherWay as other:
            answer = other.option
        self.tape.keep(screen, answer, asked=True)
        return answer

    async def tell(self, screen: Tell) -> None:
        """Show one thing to know; "back" means the same as going on."""
        await self._shown(screen, Chrome(""))

    async def choose_freely(self, screen: Screen[T]) -> T:
        """Ask outside any flow, where "back" is "finish": the menu."""
        return await self._shown(screen, Chrome("leave"))

    async def choose_until(
        self, screen: Screen[str], changes: Callable[[], Awaitable[None]], chrome: Chrome = LEAVE
    ) -> str:
        """As `choose_freely`; "" as soon as `changes` ends: what the screen offers is no longer so."""
        shown = fewer(screen) if self.terminal.stage.elder else screen
        while True:  # as in _shown: a person's own touch
            try:
                await self._attend(self._beside(shown, changes, chrome))
            except OtherWay as other:
                if other.option != MORE:
                    return other.option
                shown = screen
            except CallHelp:
                await self._help(screen.key)
            else:
                return ""

    async def _shown(self, screen: Screen[T], chrome: Chrome) -> T:
        while True:  # each round is one call for help, by a person's own touch
            try:
                return await self._attend(self.terminal.stage.show(screen, chrome))
            except CallHelp:
                await self._help(screen.key)

    # --- devices and enquiries

    async def during(self, prompt: Screen[str], act: Callable[[], Awaitable[T]], *, back: bool = True) -> T:
        """Show a prompt while a device works; the first to end cancels the other.

        Raises OtherWay when the customer chose an option of the prompt, and what the device raises.
        """
        while True:  # as in _shown: a person's own touch
            try:
                return await self._attend(self._beside(prompt, act, Chrome("back" if back else "")))
            except CallHelp:
                await self._help(prompt.key)

    async def _beside(self, screen: Screen[str], act: Callable[[], Awaitable[T]], chrome: Chrome) -> T:
        shown = asyncio.ensure_future(self.terminal.stage.show(screen, chrome))
        acting = asyncio.ensure_future(patiently(act))
        try:
            await asyncio.wait((shown, acting), return_when=asyncio.FIRST_COMPLETED)
            if acting.done():
                return acting.result()
            raise OtherWay(shown.result())
        finally:
            await cancelled(shown, acting)

    async def busy(self, wait: Wait, act: Callable[[], Awaitable[T]]) -> T:
        """Do a bounded thing that is not interrupted, with "please wait" on the glass."""
        shown = asyncio.ensure_future(self.terminal.stage.show(wait, Chrome("", help=False)))
        try:
            async with asyncio.timeout(self.terminal.rules.effect):
                return await act()
        except DeviceError:  # one that waited too long for a person is a TimeoutError too
            raise
        except TimeoutError as why:
            raise Unreachable(wait.key) from why
        finally:
            await cancelled(shown)
            self._active = asyncio.get_running_loop().time()

    async def look(self, name: str, call: Callable[[], Awaitable[T]]) -> T:
        """An enquiry, kept on the tape so that "back" need not ask again. Raises Refused or Unreachable."""
        kept = self.tape.replay(name)
        if isinstance(kept, Refused):
            raise kept
        if kept is not MISSING:
            answer: T = kept
            return answer
        try:
            answer = await self._asked(Wait("wait.bank"), call)
        except Refused as why:  # also an answer: "back" past a wrong number must not ask for it again
            if not self.tape.closed:
                self.tape.keep(name, why, asked=False)
            raise
        if not self.tape.closed:
            self.tape.keep(name, answer, asked=False)
        return answer

    async def _asked(self, wait: Wait, call: Callable[[], Awaitable[T]]) -> T:
        """An enquiry does nothing: while it takes long she may go back, or call a person, and it is asked anew."""
        chrome = Chrome("" if self.tape.closed else "back")

        async def either() -> T:
            asking = asyncio.ensure_future(call())
            await asyncio.sleep(0)  # what is answered at once is not waited for
            shown = asyncio.ensure_future(self.terminal.stage.show(wait, chrome))
            try:
                if not asking.done():
                    await asyncio.wait((shown, asking), return_when=asyncio.FIRST_COMPLETED)
                if not asking.done():
                    shown.result()
                return await asking
            finally:
                await cancelled(shown, asking)

        while True:  # as in _shown: a person's own touch
            try:
                async with asyncio.timeout(self.terminal.rules.effect):
                    return await either()
            except CallHelp:
                await self._help(wait.key)
            except TimeoutError as why:
                raise Unreachable(wait.key) from why
            finally:
                self._active = asyncio.get_running_loop().time()

    async def enter_pin(self, number: Pan, screen: EnterPin) -> PinBlock:
        """Open the pad for a PIN, with everything that sees or listens shut. Never on the tape."""
        try:
            if not all([await eye.blind() for eye in self.terminal.blinds]):
                raise Faulty("camera", "it did not confirm that it is blind", "restart the terminal")
            return await self.during(screen, lambda: self._pad(number))
        except Abandoned as why:  # the pad's own "back"
            raise Back from why
        finally:
            for eye in self.terminal.blinds:
                await eye.see()

    async def _pad(self, number: Pan) -> PinBlock:
        rules = self.terminal.rules
        self.terminal.stage.count(0)  # a pad that has waited too long and is asked again holds nothing
        return await self.devices.pin_pad.enter_pin(number, rules.pin_format, self._counted, rules.pin)

    def _counted(self, digits: int) -> None:
        self._active = asyncio.get_running_loop().time()
        self.terminal.stage.count(digits)

    # --- effects

    async def effect(
        self,
        step: str,
        order: m.Order,
        consent: Confirmed,
        act: Callable[[Intent], Awaitable[Out]],
        undo: Undo = Undo.REVERSE,
        wait: Wait = TRANSFERRING,
    ) -> tuple[str, Out]:
        """Do something once: intent on disk, call, ending on disk; `undo` says how it ends when its ending is missing.

        Raises Refused or Unsure(key).
        """
        if consent != Confirmed(order_facts(order), about(order)) or any(consent is one for one in self._spent):
            raise AssertionError("an order that the customer did not confirm, or a yes that was used before")
        self._spent.append(consent)
        self.tape.closed = True
        task = asyncio.ensure_future(effects.once(self, step, order, act, (undo, wait)))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            await asyncio.wait((task,), timeout=self.terminal.rules.effect)
            task.add_done_callback(outlived)
            raise

    async def tell_ending(self, key: str, screen: Tell) -> None:
        """Tell how a key ended; it counts as told when the screen was touched or stood for five seconds."""
        loop = asyncio.get_running_loop()
        since = loop.time()
        try:
            await self.tell(screen)
        except BaseException:
            if loop.time() - since >= STOOD:
                await effects.write(self, key, "told", {"how": "stood"})
            raise
        await effects.write(self, key, "told", {"how": "touched"})

    async def stamp(self, intent: Intent, code: str, order: m.Order) -> dict[str, str | int]:
        """What an act carries beside its order, the pad's MAC over it included; raises NotSent."""
        return await stamp(self.devices.pin_pad, intent, code, order, self.terminal.rules.operator)

    async def record(self, event: str, **facts: str | int | None) -> None:
        """Write a line about this visit into the journal; raises when it cannot be written."""
        await self.terminal.journal.note(self.visit, event, facts)

    async def note(self, event: str, **facts: str | int | None) -> None:
        """Write a line that does not stop the visit; one that fails takes the terminal out of service after it."""
        try:
            await self.record(event, **facts)
        except JournalFailed as why:
            self.broken = self.broken or f"journal: {why}"

    # --- interruptions

    def interrupt(self, why: str) -> None:
        """End the visit at whatever it waits for now, or at its next question. Effects run to their end first."""
        self._pending = VisitOver(why)
        if self._interrupt and not self._interrupt.done():
            self._interrupt.set_exception(self._pending)

    def watch(self, watcher: Coroutine[Any, Any, None]) -> None:
        """Run something beside the visit that may interrupt it; it ends with the visit."""
        self._watchers.append(asyncio.ensure_future(watcher))

    async def stop_watching(self) -> None:
        """End what runs beside the visit."""
        await cancelled(*self._watchers)
        self._watchers.clear()

    async def start_over(self) -> None:
        """Who she may have shown herself to be so far no longer counts."""
        await self.stop_watching()
        self.devices.card_reader.forget()
        self.level, self.customer, self.surname, self.claim = Level.NOBODY, "", "", None
        self.id_number, self.card_aid, self.preferences = "", "", None

    async def close(self) -> None:
        """Forget everybody."""
        await self.start_over()
        if self.devices.scanner is not None:
            self.devices.scanner.forget()
        self.arrived, self.tape, self._interrupt = None, Tape(), None
        self._pending = None  # it carries the frames through which it was raised
        self.asked_in.clear()
        self._spent.clear()
        self.papers.clear()

    async def _attend(self, waiting: Coroutine[Any, Any, T]) -> T:
        """Wait, and let an interruption or a long silence end it."""
        if self._pending:
            waiting.close()
            raise self._pending
        loop = asyncio.get_running_loop()
        self._active = loop.time()
        self._interrupt = loop.create_future()
        main, quiet = asyncio.ensure_future(waiting), asyncio.ensure_future(self._silence())
        try:
            await asyncio.wait((main, quiet, self._interrupt), return_when=asyncio.FIRST_COMPLETED)
            if main.done():
                return main.result()
            for over in (self._interrupt, quiet):
                if over.done():
                    over.result()
            raise AssertionError("woken by nothing")
        finally:
            await cancelled(main, quiet, self._interrupt)

    async def _silence(self) -> None:
        """Warn a quiet customer, and end the visit of one who has gone."""
        loop, stage, rules = asyncio.get_running_loop(), self.terminal.stage, self.terminal.rules
        slow = 2 if stage.slow else 1
        while True:
            rest = max(stage.touched, self._active) + rules.idle * slow - loop.time()
            if rest > 0:
                await asyncio.sleep(rest)
                continue
            try:
                async with asyncio.timeout(rules.warning * slow):
                    await stage.warn(rules.warning * slow)
            except TimeoutError as why:
                raise VisitOver("idle") from why
            self._active = loop.time()

    async def _help(self, screen: str) -> None:
        call = m.HelpCall(visit=self.visit, screen=screen, language=self.terminal.stage.language)
        try:
            called = await self.busy(Wait("wait.help"), lambda: self.bank.call_help(call))
        except (Refused, Unreachable):
            await self._told_plainly(Tell("help.unreachable"))
            return
        await self.note("help", number=called.number, screen=screen)
        if await self._told_plainly(help_called(called.number)) == IN_WRITING:
            await self._in_writing(call)

    async def _in_writing(self, call: m.HelpCall) -> None:
        """She does not hear or speak: whoever comes shall know it before."""
        call = call.model_copy(update={"wants": "text"})
        try:
            await self.busy(Wait("wait.help"), lambda: self.bank.call_help(call))
        except (Refused, Unreachable):
            await self._told_plainly(Tell("help.unreachable"))
        else:
            await self._told_plainly(Tell("help.in-writing"))

    async def _told_plainly(self, screen: Screen[T]) -> T:
        return await self._attend(self.terminal.stage.show(screen, Chrome("", help=False)))
