"""The whole document: paths by flask-smorest and apispec, schemas by our catalog, the rest told from the routes."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import flask_smorest
import marshmallow as ma
from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.common import resolve_schema_instance
from apispec.ext.marshmallow.schema_resolver import SchemaResolver
from flask import Flask
from flask_smorest.spec.plugins import FlaskPlugin

from api import access
from api.blueprint import Blueprint, Embedded
from api.openapi import components, deliveries, examples, links, refusals
from api.openapi.catalog import GIVEN, MERGED, TAKEN, Catalog
from api.openapi.operations import Operation
from schemas import vocabulary as v

Node = dict[str, Any]

_INFO = {
    "title": "LAMPPU",
    "version": "1.0.0",
    "summary": "Education providers report the quality work of their projects.",
    "description": Path(__file__).with_name("introduction.md").read_text(encoding="utf-8"),
    "termsOfService": "https://lamppu.example/terms",
    "contact": {
        "name": "LAMPPU",
        "url": "https://lamppu.example/contact",
        "email": "api@lamppu.example",
    },
    "license": {"name": "EUPL-1.2", "identifier": "EUPL-1.2"},
}
_LINE = 160
SETTINGS = {"API_TITLE": "LAMPPU", "API_VERSION": "1.0.0", "OPENAPI_VERSION": "3.1.0"}
_SERVERS = [
    {
        "url": "/",
        "description": "The server that this document comes from, in production or local.",
        "x-internal": False,
    }
]
# By the policy that holds there; what has one of its own is named.
_PLANES = {
    "Signing in": ("auth", "well_known"),
    "System": (),
    "Plan": (),
    "Records": (),
    "Reports and exchange": (
        *("reports", "comments", "overviews", "imports", "tables", "jobs", "exports", "batch"),
        "changes",
        "webhooks",
    ),
    "Contract": ("forms", "openapi", "docs"),
}


class _Resolver(SchemaResolver):
    """What apispec asks for schemas: ours come from the catalog, by the way they go."""

    def __init__(self, catalog: Catalog):
        self.catalog = catalog

    def resolve_operations(self, operations: Node, **_: Any) -> None:
        for operation in operations.values():
            operation["parameters"] = [
                told for each in operation.get("parameters", []) for told in self._parameter(each)
            ]
            for media in operation.get("requestBody", {}).get("content", {}).values():
                self._resolve(media, taken=True)
            for status, response in operation.get("responses", {}).items():
                for media in response.get("content", {}).values() if response else ():
                    self._resolve(media, taken=False, new=_is_new(status))

    def resolve_schema(self, component: Node) -> None:
        """Of flask-smorest's own components, of which none goes into the document."""

    resolve_response = resolve_schema

    def _parameter(self, parameter: Node) -> list[Node]:
        if "name" in parameter:
            return [parameter]
        schema = resolve_schema_instance(parameter["schema"])
        return self.catalog.parameters(schema, parameter["in"])

    def _resolve(self, media: Node, *, taken: bool, new: bool = False) -> None:
        """A schema becomes a reference, and gets its example; so does the resource whose rows stand in it."""
        if isinstance(stem := media.get("x-line"), str):
            media["x-line"] = self.catalog.row(stem)
        if "x-lines" in media:
            media["x-lines"] = {stem: self.catalog.row(stem) for stem in media["x-lines"]}
        schema = media["schema"]
        if isinstance(schema, dict):
            # What is said with an `x-` differs from operation to operation, the rest is one component.
            plain = {name: value for name, value in schema.items() if not name.startswith("x-")}
            media |= {name: value for name, value in schema.items() if name not in plain}
            media["schema"] = plain
            if name := schema.get("title"):
                media["schema"] = self.catalog.named(name, lambda: plain)
            return
        schema = resolve_schema_instance(schema)
        way = (MERGED if schema.partial else TAKEN) if taken else GIVEN
        media["schema"] = self.catalog.reference(schema, way)
        media.setdefault("example", _example(schema, way, new=new))


def _is_new(status: object) -> bool:
    """Whether an answer of this status shows what has just been made."""
    return str(status) in ("201", "202")


def _example(schema: ma.Schema, way: Any, *, new: bool) -> Any:
    if way is GIVEN:
        return examples.made(schema) if new else examples.given(schema)
    return examples.merged(schema) if way is MERGED else examples.taken(schema)


class _Plugin(MarshmallowPlugin):
    """apispec's, with our catalog behind it."""

    def __init__(self, catalog: Catalog):
        super().__init__()
        self.catalog = catalog

    def init_spec(self, spec: Any) -> None:
        super().init_spec(spec)
        self.resolver = _Resolver(self.catalog)


class _Document(flask_smorest.Api):
    """flask-smorest's, for its document alone: errors and routes are our own affair."""

    DEFAULT_ERROR_RESPONSE_NAME = None

    def _register_responses(self) -> None:
        pass

    def _register_error_handlers(self) -> None:
        pass

    def _register_doc_blueprint(self) -> None:
        pass


def document(app: Flask, blueprints: Iterable[Blueprint]) -> str:
    """The document as it is committed and served. Made on demand: it takes as long as the rest of the start."""
    shown = list(blueprints)
    embeds: dict[type[ma.Schema], Embedded] = {}
    for blueprint in shown:
        embeds |= blueprint.embeds
    catalog = Catalog(embeds)
    app.config.update(SETTINGS)
    api = _Document(app, spec_kwargs={"marshmallow_plugin": _Plugin(catalog)})
    for blueprint in shown:
        blueprint.register_views_in_doc(api, app, api.spec, name=blueprint.name, parameters=None)
    paths: Node = json.loads(json.dumps(api.spec.to_dict()["paths"]))
    paths = {path.replace("{key}", "{id}"): item for path, item in paths.items()}
    operations = list(_operations(app, paths))
    for operation in operations:
        operation.complete()
    made = links.link(operations)
    tags = [_tag(blueprint) for blueprint in shown]
    spec = {
        "openapi": SETTINGS["OPENAPI_VERSION"],
        "info": _INFO,
        "servers": _SERVERS,
        "tags": tags,
        "x-tagGroups": _planes(shown),
        "paths": paths,
        "webhooks": deliveries.webhooks(catalog),
        "components": _components(catalog, operations) | {"links": made},
    }
    return _written(_renamed(spec, catalog)) + "\n"


def _operations(app: Flask, paths: Node) -> Iterator[Operation]:
    rules = {
        (FlaskPlugin.flaskpath2openapi(rule.rule).replace("{key}", "{id}"), method.lower()): rule
        for rule in app.url_map.iter_rules()
        for method in rule.methods or ()
    }
    for path, item in paths.items():
        shared = [_path_parameter(each) for each in item.pop("parameters", [])]
        for method, node in item.items():
            node["parameters"] = [*shared, *node.get("parameters", [])]
            operation = Operation(app, rules[path, method], path, method, node)
            node["tags"] = [operation.stem.replace("_", "-")]
            yield operation


def _path_parameter(parameter: Node) -> Node:
    if parameter["name"] == "key":
        return {"$ref": "#/components/parameters/Id"}
    return {"description": f"The {parameter['name'].replace('_', ' ')}."} | parameter


def _components(catalog: Catalog, operations: list[Operation]) -> Node:
    catalog.named("Language", lambda: {"type": "string", "enum": [w.value for w in v.Language]})
    told = [(one.path, one.node) for one in operations]
    responses = refusals.components(components.headers, told)
    parameters = components.PARAMETERS | _shared(operations)
    shown = _shared_examples(operations)
    return {
        "securitySchemes": components.SECURITY,
        "schemas": catalog.whole() | refusals.schemas(),
        "parameters": dict(sorted(parameters.items())),
        "headers": components.HEADERS,
        "responses": dict(sorted((components.RESPONSES | responses).items())),
        "examples": dict(sorted(shown.items())),
    }


def _shared(operations: list[Operation]) -> Node:
    """Parameters that are one and the same in several operations become one component."""
    written: dict[str, list[str]] = {}
    for operation in operations:
        for parameter in operation.node.get("parameters", []):
            if "name" in parameter:
                text = json.dumps(parameter)
                written.setdefault(parameter["name"], []).append(text)
    shared: Node = {}
    for name, texts in written.items():
        if len(texts) > 1 and len(set(texts)) == 1:
            shared["".join(part.capitalize() for part in name.split("_"))] = json.loads(texts[0])
    for operation in operations:
        taken = operation.node.get("parameters", [])
        for place, parameter in enumerate(taken):
            for called, one in shared.items():
                if parameter == one:
                    taken[place] = {"$ref": f"#/components/parameters/{called}"}
    return shared


def _shared_examples(operations: list[Operation]) -> Node:
    """What most bodies of one schema show becomes one component, called like the schema: `Goal`, `NewGoal`.

    All are named `examples`: a lone `example` would stand in the TypeScript types, where it is in the way.
    """
    found: defaultdict[str, list[Node]] = defaultdict(list)
    for operation in operations:
        bodies = [("", operation.node.get("requestBody", {})), *operation.node["responses"].items()]
        for status, body in bodies:
            for media in body.get("content", {}).values():
                if "example" in media:
                    name = media["schema"]["$ref"].rpartition("/")[2]
                    found["New" * _is_new(status) + name].append(media)
    shared: Node = {}
    for name, alike in found.items():
        values = [media.pop("example") for media in alike]
        usual = max(values, key=values.count)
        if values.count(usual) > len(values) / 2 and len(values) > 1:
            shared[name] = {"value": usual}
        for media, value in zip(alike, values, strict=True):
            several = name in shared and value == usual
            told = {"$ref": f"#/components/examples/{name}"} if several else {"value": value}
            media["examples"] = {name: told}
    return shared


def _tag(blueprint: Blueprint) -> Node:
    return {"name": blueprint.name.replace("_", "-"), "description": blueprint.description}


def _planes(blueprints: list[Blueprint]) -> list[Node]:
    policies = {
        "System": (access.PROVIDER, access.ACCOUNT),
        "Plan": (access.PROGRAMME, access.PROJECT, access.PLAN),
    }
    planes: dict[str, list[str]] = {name: [] for name in _PLANES}
    for blueprint in blueprints:
        policy = access.POLICIES[blueprint.access]
        named = (name for name, stems in _PLANES.items() if blueprint.name in stems)
        ruled = (name for name, ours in policies.items() if any(policy is one for one in ours))
        planes[next(named, None) or next(ruled, "Records")].append(blueprint.name.replace("_", "-"))
    return [{"name": name, "tags": tags} for name, tags in planes.items() if tags]


def _written(node: Any, depth: int = 0) -> str:
    """JSON for people and for comparing versions: what fits on a line stands on one."""
    line = json.dumps(node, ensure_ascii=False)
    if not isinstance(node, dict | list) or len(line) + depth <= _LINE:
        return line
    first, last = line[0], line[-1]
    rows = (
        [f"{json.dumps(name)}: {_written(inner, depth + 1)}" for name, inner in node.items()]
        if isinstance(node, dict)
        else [_written(inner, depth + 1) for inner in node]
    )
    pad = "\n" + " " * depth
    return first + ",".join(f"{pad} {row}" for row in rows) + pad + last


def _renamed(node: Any, catalog: Catalog) -> Any:
    """The document with its references to schemas as they are called in the end."""
    if isinstance(node, list):
        return [_renamed(one, catalog) for one in node]
    if not isinstance(node, dict):
        return node
    told = {name: _renamed(one, catalog) for name, one in node.items()}
    start, slash, name = str(node.get("$ref", "")).rpartition("/")
    if start == "#/components/schemas":
        told["$ref"] = start + slash + catalog.renamed.get(name, name)
    return told
