"""Drivers: HTTP out, translation in and out.

How to add a platform called `acme`; README.md beside this file tells each step, and has a whole example:

1. `acme/dialect.py`: every path, field name and enum value of its API, as a pydantic model an operator can override.
2. `acme/client.py`: its endpoints, one short method each, over `transport.Transport`; lists in pages over
   `paging.whole_list`, which proves that they are whole.
3. `acme/wire.py`: payload <-> `SubscriberSpec`/`Observation`; pure.
4. `acme/driver.py`: the methods of `driver.Driver`, a few lines each.
5. `acme/simulator.py`: an ASGI app that behaves like the platform, behind a `simulation.Stage` for counters and faults.
6. One entry in each of `kinds.py`, `dialects.py` and `registry.py`, and one subject in the contract suite
   (`tests/contract/subjects.py`), which the driver then has to pass; `conformance` is the part of it that an operator
   can run against a test installation.

A driver knows `desired_state` and its own folder; never `controller`, never a sibling.
"""
