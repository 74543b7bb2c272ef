"""JSON Schema of the settings file, of oncall.toml and of job files, for editors that complete and check TOML."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from notifier.jobfiles import OVERRIDES, PROMOTED
from notifier.jobtable import JobFile
from notifier.registry import Role, adapter, shipped_types
from notifier.settings.oncalltables import OnCallFile
from notifier.settings.tables import SettingsFile

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_OWN = {
    "description": 'An adapter of your own: type = "package.module:Class"; its options are checked when it is loaded.',
    "type": "object",
    "properties": {"type": {"type": "string", "pattern": ".:."}},
    "required": ["type"],
}


class _Generator(GenerateJsonSchema):
    """Defaults that JSON cannot express, such as lengths of time, are left out silently."""

    ignored_warning_kinds = frozenset({"skipped-choice", "non-serializable-default"})  # type: ignore[assignment]


def settings_schema() -> dict[str, Any]:
    """The schema of `notifier.toml`, with the options of every source and channel that comes with the program.

    It imports all of them, heavy libraries included.
    """
    sources, channels = _adapters("source"), _adapters("channel")
    models = [(model, "validation") for model in (SettingsFile, JobFile, *sources.values(), *channels.values())]
    refs, schema = models_json_schema(models, schema_generator=_Generator)  # type: ignore[arg-type]
    definitions = schema["$defs"]
    settings = definitions["SettingsFile"]
    for key, models_by_type in (("sources", sources), ("channels", channels)):
        tables = [_of_type(type_, refs[model, "validation"]) for type_, model in models_by_type.items()]
        settings["properties"][key]["additionalProperties"] = {"anyOf": [*tables, _OWN]}
    job = definitions["JobFile"]["properties"]
    settings["properties"]["jobs"]["additionalProperties"] = _some_keys(job, OVERRIDES)
    promotion = definitions["PromotionTable"]["properties"]
    promotion["jobs"]["additionalProperties"] = _some_keys(job, PROMOTED)
    return {"$schema": _DIALECT, "title": "notifier.toml", "$ref": "#/$defs/SettingsFile", "$defs": definitions}


def _some_keys(job: Mapping[str, Any], keys: Collection[str]) -> dict[str, Any]:
    """A table that may change these keys of a job."""
    properties = {key: value for key, value in job.items() if key in keys}
    return {"type": "object", "properties": properties, "additionalProperties": False}


def job_schema() -> dict[str, Any]:
    """The schema of a job file."""
    return {"$schema": _DIALECT} | JobFile.model_json_schema(schema_generator=_Generator)


def oncall_schema() -> dict[str, Any]:
    """The schema of `oncall.toml`."""
    return {"$schema": _DIALECT} | OnCallFile.model_json_schema(schema_generator=_Generator)


def _adapters(role: Role) -> dict[str, Any]:
    return {type_: adapter(role, type_).Options for type_ in shipped_types(role)}


def _of_type(type_: str, ref: dict[str, Any]) -> dict[str, Any]:
    return {"title": type_, "allOf": [ref, {"properties": {"type": {"const": type_}}}]}
