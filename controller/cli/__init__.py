"""The command line: each command is thin: parse, call, print.

Rules of this package:

1. Results go to standard output, everything else (progress, errors, logs) to standard error.
2. Exit codes are the product's interface (`codes.py`); a usage error is 64, never 2, which means "changes".
3. A person sees a sentence. A traceback reaches a user only for a bug of ours.
"""

from controller.cli.main import main

__all__ = ["main"]
