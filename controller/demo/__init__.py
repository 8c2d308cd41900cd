"""The demonstration: billing, the platforms and the daemon as processes of their own, talking HTTP over loopback.

Rules of this package:

1. The parts are started by the product's own command line, and asked by their HTTP interfaces only.
2. The simulators' own records say what is true. What they should show is stated a second time, in `check`, which knows
   nothing of the product's rules, so that a mistake in those cannot hide itself.
3. Everything has a deadline; whatever happens, no process and no file stays behind.

`kinds` says what there is of each platform. `parts` runs processes, `settings` writes their configuration, `site` asks
them. `play` is what happens, made of `changes`, `edits` and `faults`; `lookout` and `moving` watch; `report` is what a
person gets to see. All persons and devices are invented: they may be shown.
"""
