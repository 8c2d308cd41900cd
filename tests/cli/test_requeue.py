"""`requeue` by its public name."""

from tests.cli.site import Site


def test_requeue_says_whom_it_has_looked_at_and_exits_0(here: Site) -> None:
    account = here.tv_account()
    here.call("apply")
    for asked in ("tv000001", f"i_account:{account}"):
        said = here.call("requeue", asked, "--secrets")
        assert (said.code, said.out) == (0, f"account tv000001 (i_account {account}) is looked at next\n")


def test_requeue_of_an_account_nobody_knows_exits_4_and_changes_nothing(here: Site) -> None:
    here.call("apply")
    said = here.call("requeue", "tv999999")
    assert (said.code, said.out) == (4, "")
    assert "tv999999" in said.err


def test_requeue_without_a_store_says_what_to_do_first(here: Site) -> None:
    said = here.call("requeue", "tv000001")
    assert said.code == 1
    assert "run or apply first" in said.err
