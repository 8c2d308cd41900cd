"""Whether the tables that triggers keep leave anybody out."""

from controller.store import Store
from controller.store.to_do import OWNERLESS, UNSETTLED


def assert_nobody_is_left_out(store: Store) -> None:
    """Whoever differs from what was settled has to be compared; exactly those without a wish have to be judged."""
    rows = store.db.conn.execute(
        f"SELECT platform, i_account FROM subscribers s WHERE {UNSETTLED}"
        " EXCEPT SELECT platform, i_account FROM to_compare"
    )
    assert rows.fetchall() == []
    owners = "SELECT DISTINCT platform, i_account FROM records o WHERE i_account IS NOT NULL AND gone = 0"
    expected = store.db.conn.execute(f"{owners} AND {OWNERLESS} ORDER BY 1, 2").fetchall()
    assert store.db.conn.execute("SELECT platform, i_account FROM unowned ORDER BY 1, 2").fetchall() == expected
