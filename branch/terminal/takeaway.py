"""A statement to take along: made, sealed, and bound to a link that is good for minutes and once."""

import base64

from branch.bank.core import CoreMovement, CoreSpan
from branch.customers.desk import PATH
from branch.customers.statement_pdf import Paper, made
from branch.customers.words import PaperWords
from branch.store import downloads, visits
from branch.store.outbox import event
from branch.terminal.context import Branch, Refusal, live, offered
from branch.terminal.enquiries import masked, since_of
from protocol import enquiries as e
from protocol.mask import mask_account
from protocol.messages import Reason

MOST, AT_ONCE = 1000, 200
"""Movements of one paper, and of one question to the core."""


def take_statement(branch: Branch, terminal: str, body: e.StatementAsked) -> e.PaperLink:
    """Make it and answer its link; the link says nothing, and only it opens what is kept."""
    offered(branch, "statement")
    customer = live(branch, terminal, body.customer)
    if not branch.papers:
        raise Refusal(Reason.CLOSED, "no address for customers' phones is set up")
    with branch.db.read() as tx:
        number = visits.number_behind(tx, customer.handle, body.account, "account")
    if number is None:
        raise Refusal(Reason.ACCOUNT)
    today = branch.core.accounting_date()
    span = CoreSpan(since_of(today, body.period), today, body.way, "", AT_ONCE)
    found, more = _all(branch, number, span)
    shown = tuple(masked(one) for one in found)
    paper = made(
        Paper(branch.bank, mask_account(number), span.since, span.until, shown, more=more), PaperWords(body.language)
    )
    word = base64.urlsafe_b64encode(branch.random(32)).rstrip(b"=").decode()
    until = branch.minutes(branch.rules.paper_minutes(today))
    with branch.db.write() as tx:
        downloads.put(tx, word, paper, until, branch.random(downloads.NONCE))
        event(tx, branch.now, "paper.made", customer.visit, {"kind": "statement", "movements": len(shown)})
    return e.PaperLink(url=f"{branch.papers}{PATH}{word}", until=until)


def _all(branch: Branch, number: str, span: CoreSpan) -> tuple[list[CoreMovement], bool]:
    """Every movement of the span, newest first, as far as a paper holds them; and whether there are more."""
    found: list[CoreMovement] = []
    for _ in range(MOST // AT_ONCE):
        before = found[-1].id if found else ""
        page = branch.core.movements(number, CoreSpan(span.since, span.until, span.way, before, AT_ONCE))
        found += page
        if len(page) < AT_ONCE:
            return found, False
    return found, True
