"""Atlassian's OpenAPI documents, read strictly: what they do not name is a complaint, in a request and in an answer."""

import copy
import json
import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

from openapi_schema_validator import OAS30Validator
from referencing import Registry
from referencing.jsonschema import DRAFT4

# Each document, and what stands before its paths at the host that serves it.
DOCUMENTS = {
    "organization.openapi.json": "/admin",
    "user-management.openapi.json": "",
    "jira-platform-v3.openapi.json": "",
}
METHODS = ("get", "post", "put", "patch", "delete")
COMPOSITIONS = ("allOf", "oneOf", "anyOf")


@dataclass(frozen=True)
class Exchange:
    """One request and its answer, as they went over the wire."""

    method: str
    target: str
    request_headers: dict
    request_body: bytes
    status: int
    answer_headers: dict
    answer_body: bytes


@dataclass(frozen=True)
class Complaint:
    """One breach of a document. `where` has `*` for positions in lists, so that a thousand rows make one complaint."""

    operation: str
    where: str
    message: str

    def __str__(self):
        return f"{self.operation}: {self.where}: {self.message}"


class Specifications:
    """All documents of a folder, ready to judge exchanges."""

    def __init__(self, folder):
        self.operations = []
        registry = Registry()
        for name, prefix in DOCUMENTS.items():
            document = json.loads((folder / name).read_text())
            address = f"urn:{name}"
            tighten(document, document)
            registry = registry.with_resource(address, DRAFT4.create_resource(document))
            for template, item in document["paths"].items():
                for method in METHODS:
                    if method in item:
                        self.operations.append(Operation(prefix, template, method, item, document, address))
        for operation in self.operations:
            operation.registry = registry

    def judge(self, exchange, of_request=True):
        """The operation's name, and every complaint about the answer and, where wanted, the request.

        An operation that no document knows is a complaint itself.
        """
        path = urlsplit(exchange.target).path
        operation = self.find(exchange.method, path)
        if operation is None:
            name = f"{exchange.method} {path}"
            return name, [Complaint(name, "request", "no document knows this operation")]
        request = operation.judge_request(exchange) if of_request else ()
        return operation.name, [*request, *operation.judge_answer(exchange)]

    def find(self, method, path):
        fitting = [each for each in self.operations if each.method == method.lower() and each.pattern.fullmatch(path)]
        # `users/search` fits `users/{userId}` too: the one with fewer parameters is meant.
        return min(fitting, key=lambda each: each.template.count("{"), default=None)


class Operation:
    """One method on one path."""

    def __init__(self, prefix, template, method, item, document, address):
        self.template = prefix + template
        self.method = method
        self.name = f"{method.upper()} {self.template}"
        self.document = document
        self.address = address
        self.registry = None
        self.content = item[method]
        parts = re.split(r"\{([^}]+)\}", self.template)
        self.pattern = re.compile("".join(re.escape(part) if at % 2 == 0 else r"([^/]+)" for at, part in enumerate(parts)))
        self.path_names = parts[1::2]
        both = [*item.get("parameters", []), *self.content.get("parameters", [])]
        self.parameters = [resolved(each, document) for each in both]

    def judge_request(self, exchange):
        parts = urlsplit(exchange.target)
        yield from self.judge_path(parts.path)
        yield from self.judge_query(parts.query)
        yield from self.judge_credential(exchange.request_headers)
        yield from self.judge_request_body(exchange)

    def judge_path(self, path):
        values = self.pattern.fullmatch(path).groups()
        for name, value in zip(self.path_names, values):
            if re.search(r"[:|/?#\s]", value):
                yield self.complaint(f"path {name}", "is not percent-encoded")
            parameter = self.parameter("path", name)
            if parameter:
                yield from self.judge_value(unquote(value), parameter["schema"], f"path {name}")

    def judge_query(self, query):
        given = {}
        for name, value in parse_qsl(query, keep_blank_values=True):
            given.setdefault(name, []).append(value)
        for name, values in given.items():
            parameter = self.parameter("query", name)
            if parameter is None:
                yield self.complaint(f"query {name}", "is unknown")
                continue
            schema = resolved(parameter["schema"], self.document)
            if schema.get("type") == "array":
                if not parameter.get("explode", True):
                    values = [part for value in values for part in value.split(",")]
                items = resolved(schema["items"], self.document)
                yield from self.judge_value([typed(value, items) for value in values], schema, f"query {name}")
            elif len(values) > 1:
                yield self.complaint(f"query {name}", "is given more than once")
            else:
                yield from self.judge_value(typed(values[0], schema), schema, f"query {name}")
        for parameter in self.parameters:
            if parameter["in"] == "query" and parameter.get("required") and parameter["name"] not in given:
                yield self.complaint(f"query {parameter['name']}", "is required and missing")

    def judge_credential(self, headers):
        scheme = headers.get("authorization", "none").split(" ")[0]
        expected = "Basic" if self.address.startswith("urn:jira") else "Bearer"
        is_public = self.content.get("security") == [{}] or self.template.endswith("/serverInfo")
        if scheme != expected and not (is_public and scheme == "none"):
            yield self.complaint("request header authorization", f"is {scheme}, not {expected}")

    def judge_request_body(self, exchange):
        expected = resolved(self.content.get("requestBody"), self.document)
        if not exchange.request_body:
            if expected and expected.get("required"):
                yield self.complaint("request body", "is required and missing")
            return
        if expected is None:
            yield self.complaint("request body", "is sent where none is expected")
            return
        kind = media_type(exchange.request_headers)
        if kind not in expected["content"]:
            yield self.complaint("request header content-type", f"is {kind!r}, not {' or '.join(expected['content'])}")
            return
        yield from self.judge_json(exchange.request_body, expected["content"][kind]["schema"], "request")

    def judge_answer(self, exchange):
        responses = self.content["responses"]
        key = next((key for key in (str(exchange.status), "default") if key in responses), None)
        where = f"answer {exchange.status}"
        if key is None:
            yield self.complaint(where, "is a status that the document does not name")
            return
        content = resolved(responses[key], self.document).get("content", {})
        if not content or "schema" not in next(iter(content.values())):
            return
        kind = media_type(exchange.answer_headers)
        if kind not in content:
            yield self.complaint(f"{where} header content-type", f"is {kind!r}, not {' or '.join(content)}")
            return
        yield from self.judge_json(exchange.answer_body, content[kind]["schema"], where)

    def judge_json(self, body, schema, where):
        try:
            value = json.loads(body)
        except ValueError:
            yield self.complaint(where, "is not JSON")
            return
        yield from self.judge_value(value, schema, where)

    def judge_value(self, value, schema, where):
        schema = absolute(schema, self.address)
        for error in OAS30Validator(schema, registry=self.registry).iter_errors(value):
            yield from self.explain(error, where)

    def explain(self, error, where):
        """The innermost cause: a union's error only says that nothing fitted."""
        if error.context and error.validator in ("oneOf", "anyOf"):
            branches = {}
            for inner in error.context:
                branches.setdefault(inner.schema_path[0], []).append(inner)
            for inner in min(branches.values(), key=len):
                yield from self.explain(inner, where)
            return
        path = "".join(".*" if isinstance(step, int) else f".{step}" for step in error.absolute_path)
        yield self.complaint(where + path, message_of(error))

    def parameter(self, place, name):
        fitting = (each for each in self.parameters if each["in"] == place and each["name"] == name)
        return next(fitting, None)

    def complaint(self, where, message):
        return Complaint(self.name, where, message)


def message_of(error):
    """What is wrong, without the value: it may be a credential, and it differs from row to row."""
    if error.validator == "additionalProperties":
        extra = sorted(set(error.instance) - set(error.schema.get("properties", {})))
        return f"has unknown members: {', '.join(extra)}"
    if error.validator == "required":
        return re.sub(r"^'([^']+)'.*", r"lacks \1", error.message)
    if error.validator == "type" and error.instance is None:
        return "is null"
    return f"breaks {error.validator} {json.dumps(error.validator_value)[:120]}"


def tighten(schema, document):
    """Closes every object that names its members, so that an unknown one is noticed.

    Merges `allOf`, which closing needs, and mends habits of the documents that validators read otherwise than meant.
    """
    if isinstance(schema, list):
        for each in schema:
            tighten(each, document)
        return
    if not isinstance(schema, dict):
        return
    if "$ref" in schema:
        # What stands beside a reference does not count, and some of it is not even a schema.
        for key in set(schema) - {"$ref"}:
            del schema[key]
        return
    if schema.get("nullable") and "enum" in schema:
        schema["enum"] = [*schema["enum"], None]
    if isinstance(schema.get("pattern"), str):
        schema["pattern"] = f"^(?:{schema['pattern'].strip()})$"
    if "oneOf" in schema:
        # Some discriminators name a boolean member, which none may; the branches tell themselves apart.
        schema.pop("discriminator", None)
    if "allOf" in schema and len(schema["allOf"]) > 1:
        merge(schema, document)
    for key, each in schema.items():
        # Examples and enumerations hold data, not schemas.
        if key not in ("example", "examples", "enum", "default"):
            tighten(each, document)
    is_object = isinstance(schema.get("properties"), dict) and schema.get("type", "object") == "object"
    if is_object and not any(key in schema for key in COMPOSITIONS):
        schema.setdefault("additionalProperties", False)


def merge(schema, document):
    parts = [resolved(part, document) for part in schema["allOf"]]
    if any(key in part for part in parts for key in COMPOSITIONS):
        return
    del schema["allOf"]
    for part in parts:
        for key, value in part.items():
            if key == "properties":
                schema.setdefault("properties", {}).update(copy.deepcopy(value))
            elif key == "required":
                schema["required"] = sorted({*schema.get("required", []), *value})
            elif key == "additionalProperties":
                # One part that is open leaves the whole open; a closed one was closed without knowing the others.
                if value is not False:
                    schema[key] = value
            else:
                schema.setdefault(key, value)


def resolved(value, document):
    while isinstance(value, dict) and "$ref" in value:
        found = document
        for part in value["$ref"].removeprefix("#/").split("/"):
            found = found[part.replace("~1", "/").replace("~0", "~")]
        value = found
    return value


def absolute(schema, address):
    """The schema with its references made whole, so that it can be validated apart from its document."""
    if isinstance(schema, dict):
        return {
            key: f"{address}{value}" if key == "$ref" and value.startswith("#") else absolute(value, address)
            for key, value in schema.items()
        }
    if isinstance(schema, list):
        return [absolute(each, address) for each in schema]
    return schema


def typed(text, schema):
    """A query parameter's text as the type that its schema wants; left as text where it is not one."""
    kind = schema.get("type")
    try:
        if kind == "integer":
            return int(text)
        if kind == "number":
            return float(text)
    except ValueError:
        return text
    return {"true": True, "false": False}.get(text, text) if kind == "boolean" else text


def media_type(headers):
    return headers.get("content-type", "").split(";")[0].strip().lower()
