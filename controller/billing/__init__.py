"""PortaBilling: what its API says, turned into `desired_state` values.

Top to bottom: `source` (snapshot, one account) -> `client` (calls) -> `session` (tokens) -> `faults` (what a refusal
means); beside them the pure translation: `wire` (rows and accounts), `custom_fields` (credentials), `values` (scalars).
`simulator/` is a PortaBilling to test and demonstrate against.

Facts and how sure they are: the PortaBilling contract; docstrings name its sections.
"""
