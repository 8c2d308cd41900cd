"""How fast, how small, how far: `make bench`. Nothing here is part of the test run, and no test asserts a time."""
