"""Which module draws which kind of screen."""

from typing import Any

from flows.screens import (
    Attract,
    Choose,
    Confirm,
    EnterAmount,
    EnterNumber,
    EnterPin,
    EnterText,
    OutOfService,
    Prompt,
    Rate,
    Review,
    Screen,
    Statement,
    Tell,
    Wait,
)
from kiosk.ui import (
    amount,
    attract,
    choose,
    confirm,
    number,
    out_of_service,
    pin,
    prompt,
    rate,
    review,
    statement,
    tell,
    text,
    wait,
)
from kiosk.ui.page import Draft, Page


def draw(page: Page, screen: Screen[Any]) -> None:  # noqa: C901, PLR0912  one line a kind
    """Draw a screen of any kind."""
    match screen:
        case Attract():
            attract.draw(page, screen)
        case Choose():
            choose.draw(page, screen)
        case EnterAmount():
            amount.draw(page, screen)
        case EnterNumber():
            number.draw(page, screen)
        case EnterText():
            text.draw(page, screen)
        case Confirm():
            confirm.draw(page, screen)
        case Tell():
            tell.draw(page, screen)
        case Review():
            review.draw(page, screen)
        case Statement():
            statement.draw(page, screen)
        case Prompt():
            prompt.draw(page, screen)
        case EnterPin():
            pin.draw(page, screen)
        case Wait():
            wait.draw(page, screen)
        case Rate():
            rate.draw(page, screen)
        case OutOfService():
            out_of_service.draw(page, screen)
        case _:
            raise TypeError(f"no module draws {type(screen).__name__}")


def type_sign(screen: EnterAmount | EnterNumber, draft: Draft, sign: str) -> None:
    """One more sign typed on a screen: a digit, a point or the eraser."""
    if isinstance(screen, EnterAmount):
        draft.typed = amount.typed(draft.typed, sign)
    else:
        draft.typed = number.typed(draft.typed, sign, screen.longest)
