"""Conformance: whether a driver does what `platforms.driver` asks for, found out on a platform that may be written to.

Rules of this package:

1. It knows the protocol and nothing of any driver. The contract suite of the tests runs it against every driver, an
   operator against a test installation (`doctor --conformance`).
2. Only records that the run made itself are written to, and they are removed at its end.
3. It sees a platform through its driver alone. What can only be seen from behind (one call for a change, the password
   in force, answers that are lost) is for the tests.

`making`, `changing`, `ending` and `limits` hold the checks, `suite` their names and how they are run. They work on a
`bench`, with what `samples` draws; `removal` cleans up, `verdicts` says what came of it.
"""

from platforms.conformance.bench import Setting
from platforms.conformance.suite import CHECKS, Check, conform
from platforms.conformance.verdicts import Verdict

__all__ = ["CHECKS", "Check", "Setting", "Verdict", "conform"]
