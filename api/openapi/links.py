"""Links to what naturally comes next: from a new row to reading it, from a list to a row, from goals to results."""

from collections.abc import Iterable
from typing import Any

from api.openapi.operations import Operation

Node = dict[str, Any]

_OF_A_ROW = ("get", "replace", "patch", "delete")


def link(operations: Iterable[Operation]) -> Node:
    """Tell each success what comes next. :return: the links as components, by name"""
    known = list(operations)
    links: Node = {}
    for operation in known:
        for status, response in operation.node["responses"].items():
            for name, made in _next(operation, status, known):
                links[name] = made
                reference = {"$ref": f"#/components/links/{name}"}
                response.setdefault("links", {})[made["operationId"]] = reference
    return dict(sorted(links.items()))


def _next(operation: Operation, status: str, known: list[Operation]) -> Iterable[tuple[str, Node]]:
    """`(name of the component, link)`"""
    made = _MADE.get((operation.stem, status)) or _MADE.get(("", status))
    if target := next((one for one in known if one.name == made), None):
        yield _to(target, "This", "$response.body#/id", _TEXTS["read"])
    is_plan = status == "200" and operation.node["operationId"] == "createImport"
    if status in ("200", "201") and not is_plan:
        yield from _of_rows(operation, known)


def _of_rows(operation: Operation, known: list[Operation]) -> Iterable[tuple[str, Node]]:
    verb = operation.rule.endpoint.partition(".")[2]
    siblings = {
        one.rule.endpoint.partition(".")[2]: one for one in known if _beside(operation, one)
    }
    if verb == "list" and "read" in siblings:
        key = f"$response.body#/items/0/{_key(siblings['read'])}"
        yield _to(siblings["read"], "First", key, "The first row of them.")
    if verb in ("create", "replace", "patch", "put_by_external_id"):
        for name in ("read", "replace", "patch", "delete"):
            if name in siblings and name != verb:
                yield _to(siblings[name], "This", "$response.body#/id", _TEXTS[name])
    if verb == "read":
        for name in ("replace", "patch", "delete"):
            if name in siblings:
                yield _to(siblings[name], "This", "$response.body#/id", _TEXTS[name])
        yield from _to_lists(operation, known)
    if operation.name in ("logIn", "refreshToken", "getToken"):
        (me,) = (one for one in known if one.name == "getMe")
        text = "Who this is, and what they may do; with the new token."
        yield "GetMe", {"operationId": me.name, "description": text}


# What an answer of this status shows where it is no row of the operation's own resource, by the stem of that.
_MADE = {("tables", "201"): "getImport", ("", "202"): "getJob"}
_TEXTS = {
    "read": "The row by itself.",
    "replace": "Write the row whole; with the ETag as If-Match.",
    "patch": "Change some of its fields; with the ETag as If-Match.",
    "delete": "Delete the row; with the ETag as If-Match.",
}


def _beside(one: Operation, other: Operation) -> bool:
    return one.stem == other.stem


def _key(target: Operation) -> str:
    """By which parameter of its path a row is found."""
    return target.path.rpartition("{")[2].removesuffix("}")


def _to(target: Operation, which: str, key: str, text: str) -> tuple[str, Node]:
    """A link to an operation on the row of this id, with its version where one is wanted."""
    parameters = {_key(target): key}
    if target.method != "get":
        parameters["If-Match"] = "$response.header.ETag"
    name = target.name[:1].upper() + target.name[1:]
    return f"{name}{which}", {
        "operationId": target.name,
        "parameters": parameters,
        "description": text,
    }


def _to_lists(operation: Operation, known: list[Operation]) -> Iterable[tuple[str, Node]]:
    """The lists that can be narrowed to what belongs to this row."""
    for other in known:
        for parameter in other.node.get("parameters", []):
            target = parameter.get("schema", {}).get("x-resource")
            if (
                other.name.startswith("list")
                and target == operation.stem
                and operation.name != "getMe"
            ):
                of = operation.name.removeprefix("get")
                name = f"{other.name[:1].upper()}{other.name[1:]}Of{of}"
                filtered = {parameter["name"]: "$response.body#/id"}
                text = f"What belongs to it among {other.stem.replace('_', ' ')}."
                yield name, {"operationId": other.name, "parameters": filtered, "description": text}
                break
