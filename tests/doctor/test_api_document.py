"""Reading an API document of which nothing is known but that it is OpenAPI."""

import pytest

from controller.doctor.api_document import ApiDocument, NotUnderstood, method_name

ROW = {"type": "object", "properties": {"i_account": {}, "status": {}}}
ANSWER = {"properties": {"account_list": {"type": "array", "items": ROW}, "total": {}}}
METHOD = "Account/get_account_list"


def as_json(schema: object) -> dict[str, object]:
    return {"content": {"application/json": {"schema": schema}}}


def openapi(answer: object, request: object = None, **more: object) -> dict[str, object]:
    called = {"requestBody": as_json(request), "responses": {"200": as_json(answer)}}
    return {"openapi": "3.0.3", "paths": {f"/{METHOD}": {"post": called}}, **more}


def rows_of(document: object) -> set[str]:
    """The names of the fields of a row."""
    described = ApiDocument(document).method(METHOD)
    assert described is not None
    rows = described.answer.find("account_list")
    assert rows is not None
    return set(rows.unwrapped().fields)


def parameters_of(document: object) -> set[str]:
    described = ApiDocument(document).method(METHOD)
    assert described is not None
    return set(described.parameters)


def refers_to(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


@pytest.mark.parametrize(
    "path",
    [
        "/Account/get_account_list",
        "/rest/Account/get_account_list",
        "/Account/get_account_list/",
        "https://host/rest/account/get_account_list",
        "/rest/Account/get_account_list/{auth_info}/{params}",
    ],
)
def test_a_method_is_known_by_the_end_of_its_path(path: str) -> None:
    assert method_name(path) == method_name(METHOD)


def test_openapi_3_is_understood() -> None:
    document = openapi(ANSWER, {"properties": {"params": {"properties": {"limit": {}}}, "auth_info": {}}})

    assert rows_of(document) == {"i_account", "status"}
    assert parameters_of(document) == {"limit"}


def test_swagger_2_is_understood() -> None:
    body = {"name": "body", "in": "body", "schema": {"properties": {"params": {"properties": {"limit": {}}}}}}
    called = {"parameters": [body], "responses": {"default": {"schema": ANSWER}}}
    document = {"swagger": "2.0", "paths": {f"/rest/{METHOD}": {"post": called}}}

    assert rows_of(document) == {"i_account", "status"}
    assert parameters_of(document) == {"limit"}


def test_parameters_may_stand_by_themselves() -> None:
    called: dict[str, object] = {
        "parameters": [{"name": "limit", "in": "query"}, {"$ref": "#/parameters/offset"}],
        "responses": {},
    }
    document = {
        "paths": {f"/{METHOD}": {"get": called}},
        "parameters": {"offset": {"name": "offset", "in": "formData"}},
    }

    assert parameters_of(document) == {"limit", "offset"}


def test_references_and_compositions_are_looked_through() -> None:
    schemas = {
        "List": {"properties": {"account_list": {"items": refers_to("Account")}}},
        "Account": {"allOf": [refers_to("Base"), {"oneOf": [{"properties": {"status": {}}}]}]},
        "Base": {"anyOf": [{"properties": {"i_account": {}}}]},
    }

    assert rows_of(openapi(refers_to("List"), components={"schemas": schemas})) == {"i_account", "status"}


def test_a_schema_may_refer_to_itself() -> None:
    account = {"allOf": [refers_to("Account")], "properties": {"i_account": {}, "parent": refers_to("Account")}}
    loops = {"A": refers_to("B"), "B": refers_to("A"), "Account": account}

    document = openapi({"properties": {"account_list": {"items": refers_to("Account")}}}, components={"schemas": loops})
    assert rows_of(document) == {"i_account", "parent"}
    described = ApiDocument(openapi(refers_to("Account"), components={"schemas": loops})).method(METHOD)
    assert described is not None
    assert described.answer.find("nowhere") is None
    described = ApiDocument(openapi(refers_to("A"), components={"schemas": loops})).method(METHOD)
    assert described is not None
    assert not described.answer.fields


def test_extra_objects_around_answer_and_rows_do_no_harm() -> None:
    wrapped = {"properties": {"result": {"properties": {"account_list": {"items": {"properties": {"row": ROW}}}}}}}

    assert rows_of(openapi(wrapped)) == {"i_account", "status"}


@pytest.mark.parametrize("document", [None, [], "text", {}, {"paths": []}, {"paths": {}}, {"openapi": "3.0.3"}])
def test_what_is_no_openapi_document_is_not_understood(document: object) -> None:
    with pytest.raises(NotUnderstood):
        ApiDocument(document)


@pytest.mark.parametrize("item", [None, [], {"post": None}, {"post": {"responses": []}}, {"$ref": "http://elsewhere"}])
def test_a_method_of_unexpected_form_says_nothing(item: object) -> None:
    described = ApiDocument({"paths": {f"/{METHOD}": item}}).method(METHOD)

    assert described is not None
    assert (described.parameters, described.answer.fields) == (frozenset(), {})


def test_a_method_that_is_not_there_is_none() -> None:
    assert ApiDocument(openapi(ANSWER)).method("Account/get_account_info") is None
