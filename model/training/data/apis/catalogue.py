"""Real operations from packages at hand: botocore's service models, Google's discovery documents, the Kubernetes
client and documented Python functions. Parsed once into a compressed JSON file outside the repository.

`python -m coterie.model.training.data.apis --catalogue PATH` builds the file where it is missing.
"""

import gzip
import importlib.util
import json
import re
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from coterie.model.chat import JsonSchema
from coterie.model.training.data.apis.catalogue_python import python
from coterie.model.training.data.apis.documentation import Operation, operation, plain
from coterie.model.training.data.verbs import VERBS

_SCALARS = {
    "string": "string", "character": "string", "integer": "integer", "long": "integer", "boolean": "boolean",
    "float": "number", "double": "number", "timestamp": "string", "number": "number",
}  # fmt: skip
_SKIPPED = re.compile(
    r"token|marker|signature|checksum|md5|idempoten|pageToken|quotaUser|prettyPrint|dry_?run|clientRequest|watermark|cursor|etag|requestId|fieldMask|updateMask|x_?amz|^pretty$|field_manager|limit_?bytes",
    re.I,
)


# The file


def load(path: Path) -> list[Operation]:
    """The catalogue in a file written by `save`; built there first if it does not exist."""
    if not path.exists():
        save(path, list(collect()))
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [Operation(**raw) for raw in json.load(file)]


def save(path: Path, operations: list[Operation]) -> None:
    """Write the catalogue."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    with gzip.open(part, "wt", encoding="utf-8", compresslevel=5) as file:
        json.dump([asdict(operation) for operation in operations], file)
    part.replace(path)


def collect() -> Iterator[Operation]:
    """Every sensible operation of the packages that are installed; a package that is not is left out."""
    seen: set[tuple[str, str]] = set()
    for source in (aws, google, kubernetes, python):
        for found in source():
            keys = {(found.service, found.name), (found.service, found.description)}
            if not keys & seen:
                seen |= keys
                yield found


# botocore


def aws() -> Iterator[Operation]:
    """The operations of botocore's service models, the newest version of each service."""
    for folder in sorted(_data("botocore", "data").iterdir()):
        models = sorted(folder.glob("*/service-2.json.gz")) if folder.is_dir() else []
        if models:
            with gzip.open(models[-1], "rt", encoding="utf-8") as file:
                yield from _aws_service(folder.name, json.load(file))


def _aws_service(service: str, model: dict[str, Any]) -> Iterator[Operation]:
    shapes = model["shapes"]
    for name, raw in model["operations"].items():
        if raw.get("deprecated") or "input" not in raw:
            continue
        shape = shapes[raw["input"]["shape"]]
        needed = set(shape.get("required", ()))
        parameters = _aws_members(shapes, shape, needed)
        if needed - parameters.keys():
            continue
        outputs = list(shapes[raw["output"]["shape"]].get("members", {})) if "output" in raw else []
        if found := operation(service, name, raw.get("documentation", ""), parameters, outputs):
            yield found


def _aws_members(shapes: dict[str, Any], shape: dict[str, Any], needed: set[str]) -> dict[str, tuple[JsonSchema, bool]]:
    found: dict[str, tuple[JsonSchema, bool]] = {}
    for key, member in shape.get("members", {}).items():
        if _SKIPPED.search(key) and key not in needed:
            continue
        if "deprecated" in member.get("documentation", "").lower()[:200]:
            continue
        schema = _aws_schema(shapes, member["shape"], 0)
        text = plain(member.get("documentation", ""), 1, 140)
        if schema is not None and text and not member.get("deprecated"):
            found[key] = (schema | {"description": text + "."}, key in needed)
    return found


def _aws_schema(shapes: dict[str, Any], name: str, depth: int) -> JsonSchema | None:
    shape = shapes[name]
    kind = shape["type"]
    if kind in _SCALARS:
        schema: JsonSchema = {"type": _SCALARS[kind]}
        if kind == "timestamp":
            schema["format"] = "date-time"
        if "enum" in shape and len(shape["enum"]) <= 12:
            schema["enum"] = shape["enum"]
        for ours, theirs in (("minimum", "min"), ("maximum", "max")):
            if kind in ("integer", "long", "double", "float") and theirs in shape:
                schema[ours] = shape[theirs]
        return schema
    if kind == "list" and depth == 0:
        items = _aws_schema(shapes, shape["member"]["shape"], 1)
        return {"type": "array", "items": items} if items and items["type"] != "object" else None
    if kind == "structure" and depth == 0 and 1 <= len(shape.get("members", {})) <= 6:
        fields = {k: _aws_schema(shapes, m["shape"], 1) for k, m in shape["members"].items()}
        scalars = {k: s for k, s in fields.items() if s is not None and s["type"] != "object"}
        needed = shape.get("required", [])
        if scalars and set(needed) <= scalars.keys():
            return {"type": "object", "properties": scalars, "required": needed}
    return None


# Google


def google() -> Iterator[Operation]:
    """The methods of Google's discovery documents, one version of each API."""
    newest: dict[str, tuple[tuple[int, str], Path]] = {}
    for path in _data("googleapiclient", "discovery_cache/documents").glob("*.json"):
        api, _, version = path.stem.partition(".")
        rank = (0 if "alpha" in version or "beta" in version else 1, version)
        if api not in newest or rank > newest[api][0]:
            newest[api] = (rank, path)
    for api in sorted(newest):
        document = json.loads(newest[api][1].read_text("utf-8"))
        yield from _google_methods(api, document, document)


def _google_methods(api: str, document: dict[str, Any], node: dict[str, Any]) -> Iterator[Operation]:
    for raw in node.get("methods", {}).values():
        if raw.get("deprecated"):
            continue
        parameters = {k: s for k, p in raw.get("parameters", {}).items() if (s := _google_parameter(k, p)) is not None}
        body = document["schemas"].get(raw.get("request", {}).get("$ref"), {}).get("properties", {})
        for key, schema in _google_body(body).items():
            parameters.setdefault(key, schema)
        outputs = list(document["schemas"].get(raw.get("response", {}).get("$ref"), {}).get("properties", {}))
        name = "_".join(raw["id"].split(".")[-2:])
        verb, noun = raw["id"].split(".")[-1], raw["id"].split(".")[-2]
        if found := operation(
            api, f"{verb}_{noun}" if len(name) < 48 else verb, raw.get("description", ""), parameters, outputs
        ):
            yield found
    for inner in node.get("resources", {}).values():
        yield from _google_methods(api, document, inner)


def _google_parameter(key: str, raw: dict[str, Any]) -> tuple[JsonSchema, bool] | None:
    text = plain(raw.get("description", ""), 1, 140)
    if not text or re.search(r"deprecated|do not use|not supported", text, re.I) or "." in key:
        return None
    if raw.get("deprecated") or _SKIPPED.search(key) or raw.get("type") not in _SCALARS:
        return None
    schema: JsonSchema = {"type": _SCALARS[raw["type"]]}
    if "enum" in raw and len(raw["enum"]) <= 12:
        schema["enum"] = [v for v in raw["enum"] if not v.endswith("UNSPECIFIED")] or raw["enum"]
    if "pattern" in raw:
        schema["pattern"] = raw["pattern"]
    if raw.get("repeated"):
        schema = {"type": "array", "items": schema}
    return schema | {"description": text + "."}, bool(raw.get("required"))


def _google_body(properties: dict[str, Any]) -> dict[str, tuple[JsonSchema, bool]]:
    found: dict[str, tuple[JsonSchema, bool]] = {}
    for key, raw in properties.items():
        text = raw.get("description", "")
        if (
            raw.get("readOnly")
            or text.startswith("Output only")
            or key in ("kind", "id", "selfLink")
            or len(found) == 4
        ):
            continue
        if raw.get("type") == "array" and raw.get("items", {}).get("type") in _SCALARS and "enum" not in raw["items"]:
            schema = {
                "type": "array",
                "items": {"type": _SCALARS[raw["items"]["type"]]},
                "description": plain(text, 1, 140) + ".",
            }
            found[key] = (schema, text.startswith("Required"))
        elif (parsed := _google_parameter(key, raw)) is not None:
            found[key] = (parsed[0], text.startswith("Required"))
    return found


# Kubernetes


_K8S_DEF = re.compile(r"    def (\w+)\(\n        self,\n(.*?)\) -> .*?:\n        \"\"\"\w+\n\n        (.+?)\n", re.S)
_K8S_PARAMETER = re.compile(r"        (\w+): Annotated\[(Optional\[)?Strict(\w+)\]?, Field\(description=\"(.*?)\"\)\]")


def kubernetes() -> Iterator[Operation]:
    """The operations of the Kubernetes client, without the bodies."""
    for path in sorted(_data("kubernetes", "client/api").glob("*_v1_api.py")):
        service = path.stem.removesuffix("_v1_api") or "core"
        for name, signature, line in _K8S_DEF.findall(path.read_text("utf-8")):
            if (
                name.endswith(("with_http_info", "without_preload_content"))
                or name.startswith("_")
                or ("body:" in signature and "Optional[" not in signature)
            ):
                continue
            parameters: dict[str, tuple[JsonSchema, bool]] = {}
            for key, optional, kind, text in _K8S_PARAMETER.findall(signature):
                if not _SKIPPED.search(key) and key not in ("body", "resource_version_match", "allow_watch_bookmarks"):
                    schema = {
                        "type": {"Str": "string", "Int": "integer", "Bool": "boolean"}.get(kind, "string"),
                        "description": plain(text, 1, 140) + ".",
                    }
                    parameters[key] = (schema, not optional)
            if line.split()[0] in VERBS:
                found = operation(
                    f"k8s_{service}",
                    name,
                    line.replace("kind ", "").strip().capitalize(),
                    parameters,
                    ["metadata", "spec", "status"],
                )
                if found:
                    yield found


def _data(package: str, folder: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        return Path("/nonexistent-package")
    return Path(spec.origin).parent / folder
