"""How property tests draw here: the same examples on every machine, however slow it is."""

from hypothesis import settings

settings.register_profile("core", deadline=None, derandomize=True, print_blob=False)
settings.load_profile("core")
