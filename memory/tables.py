"""The tables: what a person can query with SQL. Migrations create them; a test holds the two equal.

Text that has to come back exactly (arguments, results, prompts) is JSON; the columns beside it are there
to be searched. JSON is kept as text, because PostgreSQL's own type refuses strings that tools do return
(NUL characters). Times are UTC, ISO 8601 with microseconds: text order is time order on every database.
"""

import json
import re
import zlib
from typing import Any

from sqlalchemy import (
    BigInteger,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Text,
    false,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class SafeText(TypeDecorator[str]):
    """Text that any database takes: NUL and lone surrogates become U+FFFD."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Clean on the way in."""
        return None if value is None else _UNSTORABLE.sub("\ufffd", value)


class Name(TypeDecorator[str]):
    """A short text of a given length; cleaned as SafeText is, and cut to what fits."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Clean and cut on the way in."""
        length = getattr(self.impl_instance, "length", None)
        return None if value is None else _UNSTORABLE.sub("\ufffd", value)[:length]


class JsonText(TypeDecorator[Any]):
    """JSON as text, exact for every string Python can hold."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Encode on the way in."""
        return None if value is None else dump_json(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """Decode on the way out."""
        return None if value is None else json.loads(value)


class PackedJson(TypeDecorator[Any]):
    """JSON deflated: prompts repeat themselves, a fifth of the size is usual."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> bytes | None:
        """Encode on the way in."""
        return None if value is None else zlib.compress(dump_json(value).encode(), 6)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """Decode on the way out."""
        return None if value is None else json.loads(zlib.decompress(value))


def dump_json(value: Any) -> str:
    """JSON text that is valid UTF-8; escapes everything only where a lone surrogate forces it to."""
    dumped = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return json.dumps(value, separators=(",", ":")) if _UNSTORABLE.search(dumped) else dumped


class Row(DeclarativeBase):
    """A row of any table."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class MetaRow(Row):
    """Facts about the database itself: its id, the encoder its vectors came from."""

    __tablename__ = "meta"
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[str] = mapped_column(Text)


class EpisodeRow(Row):
    """One run."""

    __tablename__ = "episodes"
    __table_args__ = (
        Index("ix_episodes_status_started_at", "status", "started_at"),
        Index("ix_episodes_model_name_started_at", "model_name", "started_at"),
    )
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    namespace: Mapped[str] = mapped_column(Name(200))
    task: Mapped[str] = mapped_column(SafeText)
    task_name: Mapped[str | None] = mapped_column(Name(200), index=True)
    task_record: Mapped[Any] = mapped_column(JsonText)
    status: Mapped[str] = mapped_column(String(16))
    answer: Mapped[str | None] = mapped_column(SafeText)
    error: Mapped[str | None] = mapped_column(SafeText)
    cause: Mapped[str | None] = mapped_column(Name(200), index=True)
    outcome: Mapped[Any] = mapped_column(JsonText, nullable=True)
    model_name: Mapped[str] = mapped_column(Name(500))
    weights_sha256: Mapped[str | None] = mapped_column(Name(64))
    kernels: Mapped[str | None] = mapped_column(Name(200))
    base_url: Mapped[str | None] = mapped_column(Text)
    config: Mapped[Any] = mapped_column(JsonText)
    plan: Mapped[Any] = mapped_column(JsonText)
    prompt_tokens: Mapped[int | None] = mapped_column(BigInteger)
    completion_tokens: Mapped[int | None] = mapped_column(BigInteger)
    tool_calls: Mapped[int | None] = mapped_column(Integer)
    model_calls: Mapped[int | None] = mapped_column(Integer)
    wall_s: Mapped[float | None]
    parent: Mapped[str | None] = mapped_column(String(64), index=True)
    parent_step: Mapped[int | None]
    started_at: Mapped[str] = mapped_column(String(32), index=True)
    finished_at: Mapped[str | None] = mapped_column(String(32))


class StepRow(Row):
    """One step; `body` holds what has no column, with the calls and their results left to tool_calls."""

    __tablename__ = "steps"
    episode_id: Mapped[str] = mapped_column(ForeignKey("episodes.id", ondelete="CASCADE"), primary_key=True)
    step_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    node: Mapped[str] = mapped_column(Name(64), index=True)
    plan_step: Mapped[int | None]
    verdict: Mapped[str | None] = mapped_column(Name(32))
    message: Mapped[str | None] = mapped_column(SafeText)
    state_hash: Mapped[str | None] = mapped_column(Name(128))
    prompt_tokens: Mapped[int | None]
    completion_tokens: Mapped[int | None]
    wall_s: Mapped[float | None]
    timestamp: Mapped[str | None] = mapped_column(String(32))
    body: Mapped[Any] = mapped_column(JsonText)


class ToolCallRow(Row):
    """One tool call, written before it runs (no result yet) and again after."""

    __tablename__ = "tool_calls"
    __table_args__ = (
        Index("ix_tool_calls_episode_id_step_id", "episode_id", "step_id"),
        Index("ix_tool_calls_function_name_is_error", "function_name", "is_error"),
    )
    episode_id: Mapped[str] = mapped_column(ForeignKey("episodes.id", ondelete="CASCADE"), primary_key=True)
    tool_call_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    step_id: Mapped[int]
    position: Mapped[int]
    function_name: Mapped[str] = mapped_column(Name(200))
    arguments: Mapped[Any] = mapped_column(JsonText)
    is_error: Mapped[bool | None]
    error_kind: Mapped[str | None] = mapped_column(Name(64), index=True)
    wall_s: Mapped[float | None]
    result: Mapped[Any] = mapped_column(JsonText, nullable=True)
    timestamp: Mapped[str] = mapped_column(String(32))


class ModelCallRow(Row):
    """One completion; messages, token ids, log-probabilities and experts lie in `body`, deflated."""

    __tablename__ = "model_calls"
    __table_args__ = (Index("ix_model_calls_episode_id_step_id", "episode_id", "step_id"),)
    episode_id: Mapped[str] = mapped_column(ForeignKey("episodes.id", ondelete="CASCADE"), primary_key=True)
    model_call_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    position: Mapped[int]
    step_id: Mapped[int | None]
    purpose: Mapped[str] = mapped_column(String(16), index=True)
    finish_reason: Mapped[str | None] = mapped_column(Name(32), index=True)
    prompt_tokens: Mapped[int]
    completion_tokens: Mapped[int]
    seed: Mapped[int | None] = mapped_column(BigInteger)
    completion: Mapped[str] = mapped_column(SafeText)
    error: Mapped[str | None] = mapped_column(SafeText)
    wall_s: Mapped[float]
    timestamp: Mapped[str | None] = mapped_column(String(32))
    body: Mapped[Any] = mapped_column(PackedJson)


class FailureRow(Row):
    """One entry of the failure log."""

    __tablename__ = "failures"
    __table_args__ = (
        Index("ix_failures_cause_created_at", "cause", "created_at"),
        ForeignKeyConstraint(["episode_id"], ["episodes.id"], ondelete="CASCADE"),
    )
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    episode_id: Mapped[str] = mapped_column(String(64), index=True)
    step_id: Mapped[int | None]
    cause: Mapped[str] = mapped_column(Name(200))
    mast: Mapped[str | None] = mapped_column(Name(32), index=True)
    tool: Mapped[str | None] = mapped_column(Name(200), index=True)
    decisive: Mapped[bool] = mapped_column(server_default=false())
    message: Mapped[str] = mapped_column(SafeText)
    signals: Mapped[Any] = mapped_column(JsonText)
    created_at: Mapped[str] = mapped_column(String(32))


class EffectRow(Row):
    """One entry of the effects ledger: the intent before the effect, the result after it.

    `key` is a hash of the whole key; the arguments beside it are redacted, for people to read.
    """

    __tablename__ = "tool_effects"
    __table_args__ = (Index("ix_tool_effects_state_begun_at", "state", "begun_at"),)
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    episode_id: Mapped[str] = mapped_column(String(64), index=True)
    step: Mapped[int]
    tool: Mapped[str] = mapped_column(Name(200))
    arguments: Mapped[str] = mapped_column(SafeText)
    attempt: Mapped[int]
    state: Mapped[str] = mapped_column(String(16))
    result: Mapped[Any] = mapped_column(JsonText, nullable=True)
    begun_at: Mapped[str] = mapped_column(String(32))
    committed_at: Mapped[str | None] = mapped_column(String(32))


class MemoryReadRow(Row):
    """One recall of a run."""

    __tablename__ = "memory_reads"
    id: Mapped[int] = mapped_column(primary_key=True)
    episode_id: Mapped[str] = mapped_column(ForeignKey("episodes.id", ondelete="CASCADE"), index=True)
    step_id: Mapped[int | None]
    namespace: Mapped[str] = mapped_column(Name(200))
    query: Mapped[str] = mapped_column(SafeText)
    hits: Mapped[Any] = mapped_column(JsonText)
    timestamp: Mapped[str] = mapped_column(String(32))


class StatementRow(Row):
    """What facts and lessons share: a text that held from `valid_from` to `valid_to`, and where it came from."""

    __abstract__ = True
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    namespace: Mapped[str] = mapped_column(Name(200), index=True)
    text: Mapped[str] = mapped_column(SafeText)
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    importance: Mapped[float]
    source: Mapped[str] = mapped_column(String(32))
    episode_id: Mapped[str | None] = mapped_column(String(64), index=True)
    failure_id: Mapped[str | None] = mapped_column(String(64), index=True)
    status: Mapped[str] = mapped_column(String(16), index=True)
    valid_from: Mapped[str] = mapped_column(String(32))
    valid_to: Mapped[str | None] = mapped_column(String(32))
    superseded_by: Mapped[str | None] = mapped_column(String(64))
    reason: Mapped[str | None] = mapped_column(SafeText)
    recorded_at: Mapped[str] = mapped_column(String(32), index=True)


class FactRow(StatementRow):
    """Something that is so."""

    __tablename__ = "facts"


class LessonRow(StatementRow):
    """Something to do differently, learned from a run."""

    __tablename__ = "lessons"


class DocumentRow(Row):
    """What recall searches: one row for each active fact and lesson and each finished episode.

    `text` is searched (words and vector), `shown` is what a hit says. `vector_sha256` is the hash of
    the text the vector index holds; where it differs from `sha256`, the index is behind.
    """

    __tablename__ = "documents"
    __table_args__ = (Index("ix_documents_namespace_kind", "namespace", "kind"),)
    number: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(String(100), unique=True)
    kind: Mapped[str] = mapped_column(String(16))
    source_id: Mapped[str] = mapped_column(String(64))
    namespace: Mapped[str] = mapped_column(Name(200))
    text: Mapped[str] = mapped_column(SafeText)
    shown: Mapped[str] = mapped_column(SafeText)
    importance: Mapped[float]
    num_uses: Mapped[int] = mapped_column(server_default="0", default=0)
    last_used_at: Mapped[str | None] = mapped_column(String(32))
    created_at: Mapped[str] = mapped_column(String(32))
    sha256: Mapped[str] = mapped_column(String(64))
    vector_sha256: Mapped[str | None] = mapped_column(String(64), index=True)
