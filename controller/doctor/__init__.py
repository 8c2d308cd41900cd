"""`doctor`: whether an installation is as we assume, found out by asking; only `conformance` writes anything anywhere.

Rules of this package:

1. Asking and judging are apart: `billing` and `platform` ask, through the clients of the daemon; `listing`, `fields`,
   `catalog` and `differences` judge what came, and are pure.
2. A failure ends nothing but what rests on it, and a line says what was left out for it.
3. A line names calls, fields, products, packages, fault codes and counts. It never holds the value of a custom field,
   a secret or anything about a person.
4. `conformance` is asked for by itself, for one platform: a test installation, on which it makes and removes records.

`checks` is what comes of it; `report` prints it. `api_document` and `schema` read the installation's own API document.
"""

from controller.doctor.checks import Check, Level
from controller.doctor.conformance import examine_conformance
from controller.doctor.examination import examine
from controller.doctor.report import as_view, lines

__all__ = ["Check", "Level", "as_view", "examine", "examine_conformance", "lines"]
