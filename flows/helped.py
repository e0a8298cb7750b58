"""Help from a person is called at once; then she may say that she would rather write than speak."""

from flows.screens import Choose, Option

IN_WRITING = "in-writing"


def help_called(number: int) -> Choose:
    """The call is out, under a number; deaf and mute customers ask for writing with one more touch."""
    options = (
        Option("on", "help.go-on", "help.go-on.line"),
        Option(IN_WRITING, "help.write", "help.write.line"),
    )
    return Choose("help.called", options=options, params=(("number", str(number)),))
