"""The log: one JSON object a line, and nothing secret or personal in it (promise P10)."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
from pydantic import BaseModel, ValidationError

from controller import log
from controller.tracing import Traces
from platforms.driver import Rejected


@pytest.fixture
def output() -> Iterator[io.StringIO]:
    """What is written while the log is set up as in the daemon."""
    root, stream = logging.getLogger(), io.StringIO()
    handlers, level = root.handlers, root.level
    log.setup("DEBUG", stream=stream)
    yield stream
    root.handlers, root.level = handlers, level


def lines(output: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in output.getvalue().splitlines()]


def test_an_event_is_one_json_object_with_its_fields(output: io.StringIO) -> None:
    log.logger("loop").info("pass finished", platform="tv", seconds=2.5, account="123000")
    (line,) = lines(output)
    assert {"event": "pass finished", "platform": "tv", "seconds": 2.5, "account": "123000"}.items() <= line.items()
    assert {"level": "info", "logger": "loop"}.items() <= line.items()
    assert str(line["timestamp"]).endswith("Z")


@pytest.mark.parametrize(
    "key",
    ["password", "Password", "tv_password", "apiKey", "api_key", "access_token", "Authorization", "pin", "email",
     "e-mail", "phone1", "name", "firstName", "address", "baddr1", "client_secret", "cookie"],
)  # fmt: skip
def test_p10_a_field_with_a_telling_name_is_blanked(output: io.StringIO, key: str) -> None:
    log.logger("x").info("seen", **{key: "canary"}, details={"list": [{key: "canary"}]})
    assert "canary" not in output.getvalue()
    assert lines(output)[0][key] == "***"


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer canary",
        "POST https://us:canary@host/",
        "password=canary&x",
        "token: canary",
        "Basic canary",
    ],
)
def test_p10_credentials_inside_a_text_are_blanked(output: io.StringIO, text: str) -> None:
    log.logger("x").warning(text, note=text)
    logging.getLogger("apscheduler.scheduler").warning("seen %s", text)
    assert "canary" not in output.getvalue()


def test_fields_that_tell_nothing_stay(output: io.StringIO) -> None:
    log.logger("x").info("held", mapping={"a": 1}, reasons=("one", "two"), spinning=True)
    (line,) = lines(output)
    assert (line["mapping"], line["reasons"], line["spinning"]) == ({"a": 1}, ["one", "two"], True)


class Foreign(BaseModel):
    number: int


def test_p10_a_traceback_tells_where_but_not_with_which_values(output: io.StringIO) -> None:
    value = "can" + "ary"
    try:
        Foreign.model_validate({"number": value})
    except ValidationError:
        log.logger("x").exception("bug")
        logging.getLogger("apscheduler.executors.default").exception("job failed")
    ours, theirs = lines(output)
    for line in (ours, theirs):
        assert "test_log.py" in str(line["exception"])
        assert "ValidationError: (text withheld)" in str(line["exception"])
    assert "canary" not in output.getvalue()


def test_our_own_exceptions_and_the_systems_keep_their_texts(output: io.StringIO) -> None:
    try:
        try:
            raise FileNotFoundError(2, "No such file", "/state.db")
        except OSError as error:
            raise Rejected("tv refused the customer") from error
    except Rejected:
        log.logger("x").exception("refused")
    told = str(lines(output)[0]["exception"])
    assert "FileNotFoundError: [Errno 2] No such file: '/state.db'\nwhich led to:\n" in told
    assert told.endswith("Rejected: tv refused the customer")


def test_other_libraries_are_heard_from_warning_on(output: io.StringIO) -> None:
    for name in ("httpx", "uvicorn.error", "apscheduler.executors.default"):
        logging.getLogger(name).info("GET https://host/?key=1")
        logging.getLogger(name).warning("something is wrong")
    assert [line["level"] for line in lines(output)] == ["warning"] * 3
    assert {line["event"] for line in lines(output)} == {"something is wrong"}


def test_the_console_style_is_for_people(output: io.StringIO) -> None:
    stream = io.StringIO()
    log.setup("INFO", "console", stream)
    log.logger("x").info("pass finished", password="canary")
    assert "pass finished" in stream.getvalue()
    assert "canary" not in stream.getvalue()
    assert output.getvalue() == ""


def test_the_level_may_change_while_the_process_lives(output: io.StringIO) -> None:
    stream, known = io.StringIO(), log.logger("known")
    for level in ("error", "info", "warning"):
        log.setup(level, stream=stream)
        known.info(f"told at {level}")
        logging.getLogger("library").info(f"told at {level}")

    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["told at info"] * 2


def test_what_is_said_within_a_trace_bears_its_id(output: io.StringIO) -> None:
    with Traces(lambda: "0af7651916cd43dd8448eb211c80319c").begin("look"):
        log.logger("x").info("ours")
        logging.getLogger("library").warning("theirs")
    log.logger("x").info("outside")

    assert [line.get("trace_id") for line in lines(output)] == ["0af7651916cd43dd8448eb211c80319c"] * 2 + [None]
