"""A part that is missing is never taken for one that works."""

import pytest

from tests.tools.finding import node_module, tool


def test_a_missing_program_skips_its_tests_and_fails_where_all_must_be_there() -> None:
    with pytest.raises(pytest.skip.Exception, match="no-such-program is not installed here"):
        tool("no-such-program", {})
    with pytest.raises(pytest.fail.Exception, match="no-such-program is not installed here"):
        tool("no-such-program", {"CI": "true"})


def test_a_program_of_a_python_package_is_found_beside_python() -> None:
    assert tool("ruff", {}).name == "ruff"


@pytest.mark.tools
@pytest.mark.parametrize("name", ["@grafana/schema", "axe-core", "playwright-core", "typescript"])
def test_the_packages_of_npm_are_there(name: str) -> None:
    assert (node_module(name) / "package.json").is_file()
