"""A code before the camera: an appointment is looked up, an invoice is read out, a bill leads to paying it.

Nothing is kept of what a code said.
"""

from datetime import datetime

from flows.bills import pay_bill
from flows.hold import held, no_camera
from flows.screens import Fact, Option, Picture, Prompt, Tell, Tone, Where
from flows.session import Level, Session
from protocol import bills as b
from protocol.money import Money
from protocol.qr import Appointment, Content, Invoice, Payment

WHERE = "scan.name"
SHOWN = Where(WHERE, 2, 2)


async def scan(session: Session) -> None:
    """Read a code and do what fits it."""
    other = (Option("stop", "scan.stop"),)
    prompt = Prompt("scan.hold", picture=Picture.CODE, options=other, where=Where(WHERE, 1, 2))
    match await held(session, prompt, _any):
        case None:
            return
        case Invoice() as invoice:
            await session.tell(Tell("scan.invoice", facts=_says(invoice), where=SHOWN))
        case Appointment() as appointment:
            await _welcome(session, appointment)
        case Payment() as payment if session.level >= Level.CUSTOMER:
            if off := session.terminal.standing().switched_off.get("bills"):
                await session.tell(Tell("stopped.hindered", why=f"hindered.{off}"))
            else:
                await pay_bill(session, payment)
        case Payment():
            await session.tell(Tell("scan.payment", where=SHOWN))
        case _:
            await session.tell(Tell("scan.unknown", where=SHOWN))


def _any(content: Content) -> bool:  # noqa: ARG001  also a code that nobody can use: she is told so
    return True


def _says(invoice: Invoice) -> tuple[Fact, ...]:
    """What stands there, which proves nothing."""
    code = (Fact("fact.invoice-code", invoice.code, number=True),) if invoice.code else ()
    return (
        *code,
        Fact("fact.invoice-number", invoice.number, number=True),
        Fact("fact.invoice-day", invoice.day),
        Fact("fact.amount", Money(invoice.amount), strong=True),
    )


async def _welcome(session: Session, code: Appointment) -> None:
    """Is she expected? The branch knows; the code alone says only what somebody wrote into it."""
    asked = b.AppointmentAsked(branch=code.branch, number=code.number, day=code.day, at=code.at)
    found = await session.look(f"appointment {code.number}", lambda: session.bank.appointment(asked))
    topic = Fact("fact.topic", f"topic.{found.topic}", message=True)
    when = Fact("fact.appointment", datetime.combine(code.day, code.at), strong=True)
    match found.welcome:
        case "expected":
            await session.tell(Tell("scan.expected", tone=Tone.DONE, facts=(when, topic), where=SHOWN))
        case "past":
            await session.tell(Tell("scan.past", facts=(when, topic), where=SHOWN))
        case "elsewhere":
            await session.tell(Tell("scan.elsewhere", where=SHOWN))
        case _:
            await session.tell(Tell("scan.not-known", where=SHOWN))


def offered(session: Session) -> bool:
    """Can a code be held here now, before anybody has shown who she is?"""
    return not no_camera(session) and "scan" not in session.terminal.standing().switched_off
