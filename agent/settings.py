"""Settings: one frozen object, built at the edge and passed down.

Defaults < `coterie.toml` in the current folder < `COTERIE_*` environment < flags. A key nobody knows is an
error that names the nearest one, wherever it stands.
"""

import os
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from coterie.agent.errors import UsageError
from coterie.model.errors import SettingsFileError
from coterie.model.location import FILE_NAME, PREFIX, SWITCHES, default_home, read_file
from coterie.model.relevance import ToolEncoder

DEFAULT_MODEL = "coterie"
MACHINE = ("home", "database_url", "chroma_url", "api_key", "api_token", "workspace")
SECRET = frozenset({"api_key", "api_token"})
"""Settings that say where things are, not how a run behaves; an episode does not keep them."""
READ_BY_THE_SERVER = frozenset(
    {
        "kernels",
        "cpu_isa",
        "expert_weights",
        "idle_stop_s",
        "routes",
        "batch_invariant",
        "training_dtype",
        "training_products",
    }
)
"""Variables that the model's own processes read."""


class SettingsError(UsageError):
    """A setting is unknown or has a value it cannot have; the message says where it stands."""


class Settings(BaseModel):
    """Everything a run can be told."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    home: Path | None = Field(None, description="data home; default: the platform's data folder")
    database_url: str | None = Field(None, description="PostgreSQL instead of SQLite")
    chroma_url: str | None = Field(None, description="a Chroma server instead of the index in the data home")

    model: str = Field(
        DEFAULT_MODEL, description="a model of ours, a folder or a hub id; with base_url, its name there"
    )
    base_url: str | None = Field(
        None, pattern="^https?://", description="an OpenAI-compatible server; default: the local one"
    )
    api_key: str | None = Field(None, description="key for base_url", repr=False)
    api_token: str | None = Field(
        None, min_length=16, description="opens `coterie ui`; default: a new one at each start", repr=False
    )
    model_timeout_s: float = Field(300.0, gt=0, description="longest wait for one completion")
    temperature: float = Field(0.0, ge=0)
    top_p: float = Field(1.0, gt=0, le=1)
    seed: int = 0
    max_completion_tokens: int = Field(512, gt=0)

    tools: tuple[str, ...] = Field((), description="tool files or modules")
    mcp: tuple[str, ...] = Field((), description="MCP servers: commands or URLs")
    builtin_tools: bool = Field(True, description="offer the tools that come with Coterie")
    allow_network: bool = Field(SWITCHES["allow_network"], description="let built-in tools reach the network")
    approve: Literal["auto", "ask", "deny"] = "auto"
    max_result_chars: int = Field(2000, ge=100, description="how much of a result the model sees")

    workspace: Path | None = Field(None, description="the only folder tools may touch; default: a fresh one")
    memory: bool = Field(SWITCHES["memory"], description="recall from earlier runs")
    namespace: str = "default"
    recall_from: tuple[str, ...] = Field(
        (), description="further namespaces to recall from, `NAME/` for all below it; nothing is written there"
    )
    num_recalled: int = Field(3, ge=0)

    max_steps: int = Field(30, gt=0, description="steps of the plan that are tried")
    max_model_calls: int = Field(100, gt=0, description="completions; 30 steps of the loop take about 65")
    max_tool_calls: int = Field(40, gt=0)
    max_tokens: int = Field(200_000, gt=0, description="prompt and completion tokens together")
    timeout_s: float = Field(900.0, gt=0, description="wall time of the whole run")
    max_retries: int = Field(2, ge=0, description="further tries of one step")
    max_replans: int = Field(3, ge=0)
    max_parallel: int = Field(4, gt=0, description="steps worked on at the same time")
    hold_writes: bool = Field(True, description="a step that may change something lets those before it go first")
    num_tools_shown: int = Field(12, gt=0, description="tools in the prompt; beyond it the nearest to the task")
    show_relevance: bool = Field(True, description="tell the planner which tools are nearest to the task, and how near")
    tool_choice: Literal["encoder", "model", "both"] = Field("both", description="who picks a step's candidates")
    tool_encoder: ToolEncoder = Field(
        "plain", description="what ranks the tools for a step: the sentence encoder as it came, or trained on steps"
    )
    num_candidates: int = Field(3, gt=0)
    candidate_margin: float = Field(
        0.1, ge=0, description="how far from the nearest tool's score the others may be; a clear first is offered alone"
    )
    refusal_margin: float | None = Field(
        None,
        ge=0,
        description="nats by which a plan of our weights must be likelier than a refusal, to be taken; "
        "each model of ours has its own",
    )
    ground_plan: bool = Field(True, description="values a first plan takes from the task must stand in it")
    ground_arguments: bool = Field(
        True, description="a call with a slip of the pen in it is written again from what was seen"
    )
    name_options: bool = Field(True, description="an option that a step names is in its call")
    carry_figures: bool = Field(True, description="a text written by a step that is due to say a figure says it")
    verify_results: bool = Field(
        True,
        description="a step whose call failed cannot be judged done, and a run whose calls all failed is no success",
    )
    retry_mendable: bool = Field(
        True, description="a call whose error has the refused value written otherwise is tried again"
    )
    keep_asked: bool = Field(
        True, description="a call for what is not there is not tried again for something else that its error lists"
    )
    check_coverage: bool = Field(True, description="a plan that left out a part of the task is gone over once more")


def data_home(settings: Settings) -> Path:
    """Where the data lies."""
    return settings.home.expanduser().absolute() if settings.home else default_home()


def load(
    flags: Mapping[str, Any] | None = None, environ: Mapping[str, str] | None = None, folder: Path | None = None
) -> Settings:
    """The settings in force here. Flags that are None count as not given."""
    environ = os.environ if environ is None else environ
    path = (folder or Path.cwd()) / FILE_NAME
    given = {key: value for key, value in (flags or {}).items() if value is not None}
    layers = ((str(path), _file(path)), ("the environment", _environment(environ)), ("a flag", given))
    values: dict[str, Any] = {}
    for source, layer in layers:
        checked(layer, source)
        values |= layer
    return Settings(**values)


def checked(values: Mapping[str, Any], source: str) -> None:
    """Raise SettingsError where a key is unknown or a value does not fit."""
    for key in values:
        if key not in Settings.model_fields:
            near = get_close_matches(key, Settings.model_fields, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(sorted(Settings.model_fields))}"
            raise SettingsError(f"unknown setting {key!r} in {source}; {hint}")
    try:
        Settings(**values)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        shown = "" if key in SECRET else f", got {first['input']!r}"
        raise SettingsError(f"setting {key!r} in {source}: {first['msg']}{shown}") from None


def _file(path: Path) -> dict[str, Any]:
    try:
        return read_file(path)
    except SettingsFileError as error:
        raise SettingsError(str(error)) from None


def _environment(environ: Mapping[str, str]) -> dict[str, Any]:
    names = {key.removeprefix(PREFIX).lower(): value for key, value in environ.items() if key.startswith(PREFIX)}
    return {name: _listed(name, value) for name, value in names.items() if value and name not in READ_BY_THE_SERVER}


def _listed(name: str, value: str) -> Any:
    """Settings that are lists stand in the environment with line breaks or commas between their entries."""
    field = Settings.model_fields.get(name)
    if field is None or field.annotation != tuple[str, ...]:
        return value
    return tuple(part.strip() for part in value.replace("\n", ",").split(",") if part.strip())
