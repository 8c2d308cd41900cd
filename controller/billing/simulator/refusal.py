"""Faults as the API gives them: HTTP 500, a code and a text (contract, section 1.3)."""


class Refusal(Exception):
    """A method refuses; `code` is the fault code."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
