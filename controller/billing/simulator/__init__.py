"""A PortaBilling to test and demonstrate against, faithful to section 10 of the contract.

Rules of this package:

1. It knows the contract, and nothing of how our client reads it.
2. Facts are kept (`state`); what an installation computes from them, the `status` above all, is computed here too
   (`status`), at the instant of the question.
3. What is unknown about real installations, or differs between them, is a switch (`switches`).
4. Time and chance are passed in.

`app` receives calls, `methods` lists them; `sessions`, `accounts`, `account_changes`, `custom_fields`, `products`,
`transactions` carry them out; `rendering` writes the answers, and `document` describes them. `population` makes fleets,
`changes` lets things happen to accounts, as an operator or time would. `events` says which events that brings, `outbox`
and `sender` send them.

The default API user is `iptv-reconciler` with token `simulated-token` or password `simulated-password`, bound to
environment 3. Products: 61 "IPTV Basic", 62 "IPTV Family", 70 "Phone only"; add-ons: 86 "IPTV Sport", 87 "IPTV Kids".
Custom fields: "TV MAC", "TV Login", "TV Password", "TV PIN".
"""

from controller.billing.simulator.app import Simulator, create_simulator
from controller.billing.simulator.changes import Change
from controller.billing.simulator.switches import Switches

__all__ = ["Change", "Simulator", "Switches", "create_simulator"]
