"""What commands print, as plain values: the JSON outputs documented in README, and their texts.

Rules of this package:

1. A view is made from the store (and a plan), never from the network, and shows nothing that `shown.py` would not.
2. The JSON of a view is an interface: keys are added, never renamed.
"""
