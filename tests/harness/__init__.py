"""The fault harness: what goes wrong at any boundary harms nobody, and leaves no trace once it is over.

A *scenario* (`scenarios.py`) is a configuration and a history of what happens in billing. It is run by `running.run`
on a `site.Site`: a whole installation in one process (`tests/bed.py`), with virtual time, simulators, and a real
database file, whose every *crossing* of a boundary (`crossings.py`) is numbered:

    event, scheduler tick, billing read, platform read, platform write, feed read, booking,
    begin of a transaction, commit

A *fault* (`faults.py`) strikes at a crossing, before it or after it has taken effect. A *case* (`cases.py`) is a
scenario with its faults, by a name that is enough to run it again:

    make harness CASE='telebreeze/17:lost_answer'
    make harness CASE='telebreeze/17:lost_answer+301:kill_after_commit'

The run without faults (`running.reference`) says which crossings there are, and so which cases. After a case the
oracles (`chronicle.py` and `restraint.py` while it runs, `oracles.py` and `running.wrong` at its end) compare what came
of it with the run without faults, and with what an independent check says of billing's facts.

Where platforms sell (`shops.py`), billing's books are held against what was sold (`money.py`): each sale is there once,
with its amount, so that for each account sums are equal; and every call that books is judged as it is made
(`teller.py`). What a fault may leave otherwise is named there: `Market.unsure_before`.

    make harness         what there is time for before every change; SEED=2 takes other ones
    make harness-long    every fault at every crossing of every scenario, and thousands of pairs

From Python:

    outcome = await run(scenarios.ALL["telebreeze"], tmp_path, [Planned(17, faults.ALL["lost_answer"])])
    found = wrong(outcome, reference(scenarios.ALL["telebreeze"]))   # sentences; empty if all is well

Whether it finds what it is there to find is tested by bugs that are planted into the product (`plants`).
"""
