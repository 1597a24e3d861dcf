"""One operation, told all that its route knows: who may, what it refuses, which headers come and go, examples."""

from dataclasses import dataclass
from typing import Any

from flask import Flask
from werkzeug.routing import Rule

from api import access
from api.access import Reach
from api.openapi import components, refusals
from api.problems import PreconditionRequired
from schemas.vocabulary import Scope

Node = dict[str, Any]

_REACHES = {
    Reach.EVERY: "every row",
    Reach.OWN_AND_COORDINATED: "their own provider's rows, and those of projects it coordinates",
    Reach.OWN: "their own provider's rows",
    Reach.MINISTRYS: "the ministry's own rows",
    Reach.TAKES_PART: "rows of projects their provider takes part in",
    Reach.COORDINATES: "rows of projects their provider coordinates",
}
_ORDER = (
    *("operationId", "summary", "description", "deprecated", "tags", "security", "x-allowed"),
    *("x-codes", "parameters", "requestBody", "responses"),
)
# Operations after which the browser holds other cookies.
_SETS_COOKIES = frozenset({"logIn", "refreshToken", "logOut", "changePassword"})
# Whose answers have texts of ours in them, always or as a page.
_IN_LANGUAGE = frozenset({"listForms", "getForm", "getReportActions", "checkReport"})
# What may come as a page, and as it was frozen.
_PAGES = frozenset({"getReport", "getReportVersion"})
# What may come as a page, joined from what was frozen.
_JOINED = frozenset({"getProjectReport"})
# What may come from another address, the version of a moment.
_AS_OF = frozenset({"getReport"})
_MAY_WAIT = frozenset({"followChanges"})
_TELL_WHEN = frozenset({"getJob"})
_MAKES = ("create", "put", "import")


@dataclass(frozen=True)
class Operation:
    """A method of a path, with the view behind it."""

    app: Flask
    rule: Rule
    path: str
    method: str
    node: Node

    @property
    def name(self) -> str:
        return str(self.node["operationId"])

    @property
    def stem(self) -> str:
        return str(self.rule.endpoint).partition(".")[0]

    @property
    def view(self) -> Any:
        return self.app.view_functions[self.rule.endpoint]

    def complete(self) -> None:
        self._say_who_may()
        self._take_headers()
        has_body = "requestBody" in self.node
        kinds = refusals.of(self.method, self.path, self.view, has_body=has_body)
        limit = self.app.config.get(self.view.max_bytes)
        refusals.tell(self.node, kinds, limit)
        for status, response in list(self.node["responses"].items()):
            if status < "400":
                self._answer_with_headers(status, response)
        self.node["responses"] = dict(sorted(self.node["responses"].items()))
        told = sorted(self.node.items(), key=lambda item: _ORDER.index(item[0]))
        self.node.clear()
        self.node.update(told)

    def _say_who_may(self) -> None:
        """Out of the table that decides."""
        if why := self.view.open_to_anyone:
            self.node.setdefault("security", [])
            self._describe(f"Open to anyone. {why}")
            return
        resource, action = self.view.rights
        right = access.POLICIES[resource].get(action, {})
        scopes = sorted({s.value for s in Scope for ground in right if ground.endswith(s.value)})
        machines = any("client" in ground for ground in right)
        people = any("client" not in ground for ground in right)
        self.node["security"] = [{"bearer": []}] if people else []
        if machines:
            # One of them is enough; what stands in one object is asked for together (OpenAPI 3.1.0 §4.8.30).
            each = [[scope] for scope in scopes] or [[]]
            self.node["security"] += [{"clientCredentials": one} for one in each]
        has_rows = resource not in access.WITHOUT_ROWS
        self.node["x-allowed"] = [
            {"ground": ground} | ({"reach": reach.name.lower()} if has_rows else {})
            for ground, reach in right.items()
        ]
        self._describe(_allowed(right, has_rows=has_rows))

    def _describe(self, text: str) -> None:
        told = self.node.get("description", "").strip()
        self.node["description"] = "\n\n".join(filter(None, (told, text)))

    def _take_headers(self) -> None:
        """If-Match where a row is changed, If-None-Match where something is read, a key where something is made."""
        asked = [name for name, wanted in self._wants().items() if wanted]
        taken = self.node.setdefault("parameters", [])
        known = {each.get("name") for each in taken}
        for name in asked:
            if components.PARAMETERS[name]["name"] not in known:
                taken.append({"$ref": f"#/components/parameters/{name}"})
        if not taken:
            del self.node["parameters"]

    def _wants(self) -> dict[str, bool]:
        by_id = self.path.endswith("/{id}")
        return {
            "IfMatch": (by_id and self.method in ("put", "patch", "delete")) or self._is_step,
            "IfMatchAtWill": not by_id and self.method in ("put", "patch", "delete"),
            "IfNew": not by_id and self.method == "put",
            "IfNoneMatch": self.method == "get" and not self.view.streamed,
            "IfStill": self.method == "get",
            "AcceptLanguage": self._is_in_language or self.name in _PAGES | _JOINED,
            "PreferWait": self.name in _MAY_WAIT,
            "PreferAsync": "202" in self.node["responses"],
            "IdempotencyKey": bool(getattr(self.view, "keyed", False)),
        }

    @property
    def _is_step(self) -> bool:
        """Whether it changes a row as PUT would, by the method of an action."""
        return self.method == "post" and PreconditionRequired in self.view.refuses

    @property
    def _is_in_language(self) -> bool:
        return self.name in _IN_LANGUAGE or self.name.endswith("Template")

    def _answer_with_headers(self, status: str, response: Node) -> None:
        names: list[str] = []
        if self.method == "get" and self.view.streamed:
            names += ["Content-Disposition", "Changes-After"]
        elif self.method == "get":
            names += ["ETag"]
            self.node["responses"]["304"] = {"$ref": "#/components/responses/NotModified"}
            if self.name.startswith("list") and status == "200":
                names += ["Link"]
        elif self.method in ("put", "patch") or self._is_step:
            names += ["ETag"]
        if status == "201":
            names += ["Location", "ETag"] if self.name.startswith(_MAKES) else []
        if status == "202":
            names += ["Location", "Preference-Applied", "Retry-After"]
        others = {
            "Retry-After": self.name in _TELL_WHEN,
            "Content-Language": self._is_in_language,
            "Content-Disposition": self.name.endswith("Template"),
            "Preference-Applied": self.name in _MAY_WAIT,
            "Memento-Datetime": self.name in _PAGES,
            "Repr-Digest": self.name in _PAGES,
            "Content-Location": self.name in _AS_OF,
            "Set-Cookie": self.name in _SETS_COOKIES,
            "Idempotency-Replayed": bool(getattr(self.view, "keyed", False)),
        }
        names += [name for name, there in others.items() if there]
        told = components.headers(*names)
        if self.name in _PAGES | _JOINED:
            told["Content-Language"] = {"$ref": "#/components/headers/LanguageOfPage"}
            told["Content-Disposition"] = {"$ref": "#/components/headers/NameOfDocument"}
        if self.name in _PAGES:
            told["Link"] = {"$ref": "#/components/headers/LinkToReport"}
        if status == "201" and "ETag" in told:
            told["ETag"] = {"$ref": "#/components/headers/ETagOfNew"}
        response["headers"] = told | response.get("headers", {})


def _allowed(right: access.Right, *, has_rows: bool) -> str:
    """`Allowed: editor, manager (their own provider's rows); reviewer (every row).`"""
    if right is access.SIGNED_IN:
        return "Allowed: everybody who is signed in."
    groups = [
        ", ".join(ground for ground, reach in right.items() if reach is wanted)
        + (f" ({_REACHES[wanted]})" if has_rows else "")
        for wanted in Reach
        if wanted in right.values()
    ]
    return f"Allowed: {'; '.join(groups)}."
