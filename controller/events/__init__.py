"""Events: what PortaBilling announces, by ESPF directly or through NSPS (contract, section 7).

Top to bottom: `server/hooks.py` (HTTP) -> `bodies` (what was sent) -> `vocabulary` (whom it is about) -> `inbox` (kept,
and the accounts put on the queues) -> `spreading` (events about many accounts). `bodies` and `vocabulary` are pure.

Rules of this package:

1. An event says whom to look at, never what is the case: the truth is read from billing, whatever order events come in.
2. What was answered with success was kept on the disk before.
"""
