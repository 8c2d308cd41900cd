"""VOD and PPV: what the platforms sell is booked at billing, each sale once.

`feed` reads what was sold, `deciding` says what becomes of it, `till` has billing book it and resolves doubts,
`cashier` runs both. Only the daemon runs it: `plan` and `apply` never book anything.
"""
