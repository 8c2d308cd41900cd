"""The HTTP side: `/metrics`, `/livez`, `/readyz`, `/health`, event endpoints (`hooks.py`), the status page (`page.py`).

Rules of this package:

1. Handlers read values that others keep, or hand over an event to be kept; none of them calls billing or a platform.
2. A platform that is down is no reason to restart us: it shows in metrics and `status`, never in `/livez` (promise
   P22).
3. An answer names checks, never accounts: whoever can reach the port may read it. The status page does name accounts;
   it asks who reads it.
"""
