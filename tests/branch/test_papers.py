"""A statement to take along: a real PDF in each language, behind a link that opens once and tells nobody anything."""

import asyncio
import io
import re
import socket
import ssl
import threading
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pypdf
import pytest
import sqlalchemy as sa

from branch import demo, tls
from branch.build import utc_ms
from branch.customers.desk import PATH, customers_app
from branch.customers.statement_pdf import Paper, made as paper_made
from branch.customers.words import FOLDER, PaperWords
from branch.server import configured
from branch.serving import inline
from branch.store.outbox import events_after
from branch.store.schema import downloads
from branch.upkeep import forget
from protocol import enquiries as e, messages as m
from tests.branch.real import running
from tests.branch.support import Said, Terminal, World, tls_now, world
from tools.messages import catalogues, compiled

ROOT = Path(__file__).parents[2]
ADDRESS = "https://phones.example:8444"


@pytest.fixture(scope="module", autouse=True)
def spoken() -> None:
    """The catalogues as they stand in the source."""
    for path in catalogues(ROOT):
        (FOLDER / path.relative_to(ROOT / "i18n")).with_suffix(".mo").write_bytes(compiled(path))


@pytest.fixture
def made(tmp_path: Path) -> World:
    found = world(tmp_path)
    object.__setattr__(found.branch, "papers", ADDRESS)
    return found


@pytest.fixture
def terminal(made: World) -> Terminal:
    return made.terminal()


class Phone:
    """A customer's own phone: it shows no certificate."""

    def __init__(self, made: World) -> None:
        self._app = customers_app(made.branch, inline)

    def asks(self, method: str, path: str) -> httpx.Response:
        return asyncio.run(self._asks(method, path))

    async def _asks(self, method: str, path: str) -> httpx.Response:
        transport = httpx.ASGITransport(self._app)
        async with httpx.AsyncClient(transport=transport, base_url=ADDRESS) as client:
            return await client.request(method, path)

    def get(self, path: str) -> httpx.Response:
        return self.asks("GET", path)


def taken(terminal: Terminal, language: str = "en") -> e.PaperLink:
    visit = terminal.visit()
    customer = terminal.by_document(visit).customer
    order = terminal.order(customer, demo.WANG_WEI.accounts[0][0], 12_345)
    assert terminal.ask("transfer", terminal.post(visit, customer, order)).status == "done"
    account = terminal.ask("accounts", {"customer": customer}).accounts[0].handle
    asked = {"customer": customer, "account": account, "period": "month", "language": language}
    link: e.PaperLink = terminal.ask("take_statement", asked)
    return link


def read(pdf: bytes) -> str:
    pages = pypdf.PdfReader(io.BytesIO(pdf)).pages
    return "\n".join(page.extract_text() for page in pages)


def bare(text: str) -> str:
    """Without the blanks that lie between cells, and the order in which letters were set."""
    return re.sub(r"[\s\x00]", "", text)


@pytest.mark.parametrize("language", ["zh", "en", "ar"])
def test_the_paper_says_in_her_language_what_moved_and_whole_numbers_stand_nowhere(
    made: World, terminal: Terminal, language: str
) -> None:
    link = taken(terminal, language)
    answer = Phone(made).get(link.url)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    assert answer.headers["cache-control"] == "no-store"
    text = bare(read(answer.content))
    words = PaperWords(language)
    for key in ("receipt.statement", "fact.account", "movement.transfer-out", "fact.moved"):
        assert any(piece in text or piece[::-1] in text for piece in words.text(key).split()), (key, text)
    for part in ("-¥123.45", "¥52,176.73", "****0018", "****0034"):
        assert part in text, text
    for whole in (demo.LI_NA.accounts[0][0], demo.WANG_WEI.accounts[0][0], demo.WANG_WEI.name, demo.LI_NA.id_number):
        assert whole not in text
    assert "伟" in text, "her payee, with the surname hidden"


def test_every_letter_of_the_three_languages_has_a_picture_in_the_paper(caplog: pytest.LogCaptureFixture) -> None:
    kinds = ("transfer", "fee", "reversal", "opening", "other")
    movements = tuple(
        e.Movement.model_validate(
            {
                "id": str(n),
                "at": 0,
                "day": date(2031, 3, 14),
                "kind": kinds[n % 5],
                "amount": (-1) ** n * 100,
                "balance": 99_999_999_999,
                "party_masked": "6229 **** 0018" * (n % 2),
                "party_name": ("阿*·买买提", "محمد", "Alexandria K*************-Featherstonehaugh")[n % 3],
            }
        )
        for n in range(60)
    )
    for language in ("zh", "en", "ar"):
        sheet = Paper("Demo Bank", "6229 **** 0018", date(2031, 3, 1), date(2031, 3, 14), movements, more=True)
        pdf = pypdf.PdfReader(io.BytesIO(paper_made(sheet, PaperWords(language))))
        assert len(pdf.pages) > 1
        fonts = {str(font["/BaseFont"]) for page in pdf.pages for font in _fonts(page)}
        assert any("Arabic" in one for one in fonts)
        assert any("CJK" in one for one in fonts)
    assert not [record for record in caplog.records if "missing" in record.getMessage()]


def _fonts(page: Any) -> list[Any]:
    return [one.get_object() for one in page["/Resources"]["/Font"].values()]


def test_the_link_opens_once(made: World, terminal: Terminal) -> None:
    link, client = taken(terminal), Phone(made)
    assert client.asks("HEAD", link.url).status_code == 404, "a look ahead does not use it up"
    assert client.asks("POST", link.url).status_code == 404
    assert client.get(link.url).status_code == 200
    assert client.get(link.url).status_code == 404
    with made.db.read() as tx:
        assert tx.execute(sa.select(downloads)).all() == []


def test_the_link_ends_when_its_minutes_are_over_and_what_nobody_fetched_is_deleted(
    made: World, terminal: Terminal
) -> None:
    link = taken(terminal)
    assert link.until == made.clock() + 10 * 60_000
    made.clock.minutes(10)
    assert Phone(made).get(link.url).status_code == 404
    asyncio.run(forget(made.branch, inline))
    with made.db.read() as tx:
        assert tx.execute(sa.select(downloads)).all() == []


def test_a_link_cannot_be_guessed_and_names_nobody(made: World, terminal: Terminal) -> None:
    one, two = taken(terminal), taken(terminal)
    words = [link.url.removeprefix(ADDRESS + PATH) for link in (one, two)]
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", word) for word in words), "256 bits"
    assert words[0] != words[1]
    client = Phone(made)
    last = "A" if words[0][-1] != "A" else "Q"
    near = [words[0][:-1] + last, words[0][:-1], words[0] + "A", words[0].swapcase(), "", "../p/" + words[0] + "/x"]
    for word in near:
        assert client.get(f"{PATH}{word}").status_code == 404
    for path in ("/", "/p", "/v1/accounts", "/openapi.json", "/core/v1/about", "/v1/enrol"):
        answer = client.get(path)
        assert (answer.status_code, answer.text) == (404, "Not found")
    assert client.get(one.url).status_code == 200


def test_what_is_kept_can_be_read_with_the_link_alone_and_the_log_knows_no_link(
    made: World, terminal: Terminal, caplog: pytest.LogCaptureFixture
) -> None:
    link = taken(terminal)
    word = link.url.removeprefix(ADDRESS + PATH)
    with made.db.read() as tx:
        (row,) = tx.execute(sa.select(downloads)).all()
        events = str([(one.kind, one.body) for one in events_after(tx, 0)])
    assert b"%PDF" not in row.sealed
    assert word not in row.name
    Phone(made).get(link.url)
    assert word not in events + caplog.text
    assert "paper.made" in events


def test_where_no_address_is_set_up_it_is_not_offered(made: World, terminal: Terminal) -> None:
    object.__setattr__(made.branch, "papers", "")
    customer = terminal.by_document(terminal.visit()).customer
    account = terminal.ask("accounts", {"customer": customer}).accounts[0].handle
    asked = {"customer": customer, "account": account, "period": "month"}
    assert terminal.ask("movements", asked).take is False
    with pytest.raises(Said) as no:
        terminal.ask("take_statement", {**asked, "language": "en"})
    assert no.value.problem.reason == m.Reason.CLOSED


def test_another_customers_account_is_nobodys_statement(made: World, terminal: Terminal) -> None:
    hers = terminal.by_document(terminal.visit()).customer
    account = terminal.ask("accounts", {"customer": hers}).accounts[0].handle
    his = terminal.by_document(terminal.visit(), demo.WANG_WEI, "369258").customer
    with pytest.raises(Said) as no:
        terminal.ask("take_statement", {"customer": his, "account": account, "period": "month", "language": "en"})
    assert no.value.problem.reason == m.Reason.ACCOUNT


def test_the_customers_port_serves_phones_without_a_certificate_and_ends_with_the_branch(tmp_path: Path) -> None:
    made = world(tmp_path, start=utc_ms())
    tls.server_certificate(tmp_path, [], tls_now(made.clock))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = replace(made.settings, customers=f"https://127.0.0.1:{port}", customers_port=port)
    server = configured(settings)
    trust = ssl.create_default_context(cafile=str(tmp_path / "authority.pem"))
    with running(server) as own:
        until = threading.Event()
        for _ in range(100):
            if server.beside is not None and server.beside.started:
                break
            until.wait(0.05)
        with httpx.Client(verify=trust) as client:
            for path in ("/", "/v1/accounts", f"{PATH}{'A' * 43}"):
                assert client.get(f"https://127.0.0.1:{port}{path}").status_code == 404
            answer = client.post(f"https://127.0.0.1:{own}/v1/accounts", json={"customer": "x"})
            assert answer.status_code == 403, "the branch's own port still wants a certificate"
    with pytest.raises(httpx.ConnectError), httpx.Client(verify=trust) as client:
        client.get(f"https://127.0.0.1:{port}/")
