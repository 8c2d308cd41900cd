"""The pure core: what billing says, what a platform should hold, and the difference.

Rules of this package:

1. Values and functions of values. No clock, no randomness, no network, no files, no logging: an instant or a random
   draw is an argument.
2. Only the standard library and pydantic are imported; a machine checks it (`import-linter` in pyproject.toml).
3. Every business rule has one home: `entitlement.py` decides what a subscriber ought to have, `plan.py` what differs,
   `policy.py` what has to wait. Nothing outside this package decides.

One account's path, top to bottom: `account` -> `catalog` -> `entitlement` -> `desired` -> `plan` -> `policy`.
"""
