"""Drivers: HTTP out, translation in and out.

How to add a platform called `acme`, in steps:

1. `acme/dialect.py`: every path, field name and enum value of its API, as a pydantic model an operator can override.
2. `acme/client.py`: its endpoints, one short method each, over `transport.Transport`.
3. `acme/wire.py`: payload <-> `SubscriberSpec`/`Observation`; pure.
4. `acme/driver.py`: the methods of `driver.Driver`, a few lines each.
5. `acme/simulator.py`: an ASGI app that behaves like the platform, faults included.
6. One line in `registry.py`, and one in the contract suite (`tests/contract/`), which the driver then has to pass.

A driver knows `desired_state` and its own folder; never `controller`, never a sibling.
"""
