"""Exit codes, as scripts rely on them."""

from enum import IntEnum


class Code(IntEnum):
    """What a command came to; some of them mean the same to a script."""

    OK = 0
    ERROR = 1
    CHANGES = 2
    BRAKED = 3
    UNKNOWN_ACCOUNT = 4
    UNKNOWN_CHARGE = 4
    ATTENTION = 5
    ANOTHER_PLAN = 6
    NOT_DECIDABLE = 6
    USAGE = 64


class Finished(Exception):
    """A command has ended with a code; carried to `main`, since codes below 64 are ours to give."""

    def __init__(self, code: Code) -> None:
        super().__init__(code)
        self.code = code


class Failed(Exception):
    """A command cannot go on; the text is the sentence for whoever called it."""

    def __init__(self, text: str, code: Code = Code.ERROR) -> None:
        super().__init__(text)
        self.code = code
