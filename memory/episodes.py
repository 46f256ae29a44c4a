"""Episodes: every run, written as it happens, so that a kill loses at most the call in flight.

The agent calls begin, then record_* as things happen, then finish; evals and the commands read. Each method
is one transaction, safe from a kill when it returns. Secrets are redacted on the way in.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, bindparam, delete, func, select
from sqlalchemy.orm import Session

from coterie.memory import documents, exchange, rows, summary, words, writes
from coterie.memory.database import Database
from coterie.memory.errors import RecordExists, RecordNotFound
from coterie.memory.ids import new_id
from coterie.memory.records import (
    Episode,
    EpisodeSummary,
    Failure,
    JsonObject,
    ModelCall,
    ModelRef,
    ObservationResult,
    Outcome,
    Step,
    Task,
    ToolCall,
    Usage,
    now,
)
from coterie.memory.redact import Redactor
from coterie.memory.tables import (
    EffectRow,
    EpisodeRow,
    FailureRow,
    LessonRow,
    MemoryReadRow,
    ModelCallRow,
    StepRow,
    ToolCallRow,
)
from coterie.memory.writes import Recorded

DEFAULT_NAMESPACE = "default"
_ID = select(EpisodeRow.id).where(EpisodeRow.id == bindparam("of_episode"))


class Page(NamedTuple):
    """Part of a listing, newest first, and how many there are in all."""

    episodes: tuple[EpisodeSummary, ...]
    total: int


class Episodes:
    """The repository of runs."""

    def __init__(self, database: Database, redactor: Redactor) -> None:
        self._database = database
        self._redactor = redactor

    def begin(
        self,
        task: Task,
        model: ModelRef,
        config: Mapping[str, Any],
        *,
        namespace: str = DEFAULT_NAMESPACE,
        parent: str | None = None,
        parent_step: int | None = None,
    ) -> str:
        """Write a new, running episode and return its id; `parent` is the one it replays or forks."""
        episode = Episode(
            new_id("ep"), task, model, config=config, parent=parent, parent_step=parent_step, started_at=now()
        )
        with self._database.write() as session:
            session.add(self._row(episode, namespace))
        return episode.id

    def record(self, episode_id: str, *records: Recorded) -> None:
        """Write plans, steps, model calls and memory reads as one transaction; a step_id again replaces the step.

        It survives a kill at once, and a power cut when the next effect is in the ledger or the episode ends.
        """
        with self._database.connect(durable=False) as connection:
            _require_id(connection, episode_id)
            writes.put(connection, self._redactor, episode_id, records)

    def record_tool_call(
        self, episode_id: str, step_id: int, call: ToolCall, result: ObservationResult | None = None
    ) -> None:
        """Write a call before it runs (no result), and again after with its result."""
        with self._database.connect(durable=False) as connection:
            _require_id(connection, episode_id)
            writes.put_call(connection, self._redactor, episode_id, step_id, call, result)

    def finish(self, episode_id: str, outcome: Outcome, usage: Usage | None = None) -> None:
        """End the episode and offer it to recall; without `usage` it is summed from the records."""
        with self._database.write() as session:
            row = _require(session, episode_id)
            spent = usage or rows.usage_of(*_steps_and_calls(session, episode_id))
            self._put_outcome(row, outcome, spent, now())
            put_document(session, row)

    def reopen(self, episode_id: str) -> None:
        """Set an ended or killed episode running again, to resume it."""
        with self._database.write() as session:
            row = _require(session, episode_id)
            row.status, row.outcome, row.answer, row.error, row.cause = "running", None, None, None, None
            row.wall_s, row.finished_at = None, None
            documents.remove(session, [documents.document_id("episode", episode_id)])

    def get(self, episode_id: str) -> Episode:
        """The whole episode, finished or not. Raises RecordNotFound."""
        with self._database.read() as session:
            row = _require(session, episode_id)
            steps, calls = _steps_and_calls(session, episode_id)
            query = select(MemoryReadRow).where(MemoryReadRow.episode_id == episode_id).order_by(MemoryReadRow.id)
            reads = tuple(rows.memory_read(read) for read in session.scalars(query))
            return rows.episode(row, steps, calls, reads)

    def list(self, limit: int = 50, offset: int = 0, status: str | None = None, text: str | None = None) -> Page:
        """Newest first; `status` may also be "running"; `text` is looked for in the task."""
        where: tuple[ColumnElement[bool], ...] = ()
        if status:
            where += (EpisodeRow.status == status,)
        if text:
            where += (EpisodeRow.task.icontains(text, autoescape=True),)
        order = (EpisodeRow.started_at.desc(), EpisodeRow.id.desc())
        with self._database.read() as session:
            total = session.scalar(select(func.count()).select_from(EpisodeRow).where(*where)) or 0
            found = session.execute(_summaries().where(*where).order_by(*order).limit(limit).offset(offset))
            return Page(tuple(EpisodeSummary(*line) for line in found), total)

    def add(self, episode: Episode, namespace: str = DEFAULT_NAMESPACE, failures: Sequence[Failure] = ()) -> None:
        """Write a whole episode from elsewhere with its failures. Raises RecordExists, and then nothing was written."""
        with self._database.write() as session:
            if session.get(EpisodeRow, episode.id):
                raise RecordExists(f"episode {episode.id} is in {self._database.where} already; delete it first")
            row = self._row(episode, namespace)
            session.add(row)
            session.flush()
            records: tuple[Recorded, ...] = (*episode.steps, *episode.model_calls, *episode.memory_reads)
            writes.put(session.connection(), self._redactor, episode.id, records)
            session.add_all(rows.failure_row(self._redactor.data(failure.to_json())) for failure in failures)
            if episode.outcome:
                self._put_outcome(row, episode.outcome, episode.usage, episode.finished_at)
                put_document(session, row)

    def export(self, episode_id: str, form: exchange.Form = "coterie") -> JsonObject:
        """The episode and its failures as one JSON object that `import_` reads back, whole in either form."""
        episode = self.get(episode_id)
        query = select(FailureRow).where(FailureRow.episode_id == episode_id).order_by(FailureRow.created_at)
        with self._database.read() as session:
            failures = [rows.failure(row) for row in session.scalars(query)]
        return exchange.write(episode, failures, form)

    def import_(self, data: Mapping[str, Any], namespace: str = DEFAULT_NAMESPACE) -> str:
        """Write what `export` gave; returns the id. Raises RecordError for anything else, RecordExists."""
        episode, failures = exchange.read(data)
        self.add(episode, namespace, failures)
        return episode.id

    def delete(self, episode_id: str) -> None:
        """Remove the episode and all that is of it: steps, calls, reads, failures, lessons, effects, index entry.

        Facts somebody stated during the run stay. Raises RecordNotFound.
        """
        with self._database.write() as session:
            session.delete(_require(session, episode_id))
            lessons = session.scalars(select(LessonRow.id).where(LessonRow.episode_id == episode_id)).all()
            gone = [documents.document_id("lesson", lesson) for lesson in lessons]
            documents.remove(session, [documents.document_id("episode", episode_id), *gone])
            session.execute(delete(LessonRow).where(LessonRow.episode_id == episode_id))
            session.execute(delete(FailureRow).where(FailureRow.episode_id == episode_id))
            session.execute(delete(EffectRow).where(EffectRow.episode_id == episode_id))
            words.compact(session)

    def _row(self, episode: Episode, namespace: str) -> EpisodeRow:
        data = self._redactor.data(episode.to_json())
        task = {"text": data["task"], **data["task_origin"]}
        plan = {"steps": data["plan"], "refusal": data["refusal"], "revision": data["plan_revision"]}
        return EpisodeRow(
            id=episode.id,
            namespace=namespace,
            task=data["task"],
            task_name=episode.task.name,
            task_record=task,
            status="running",
            model_name=episode.model.name,
            weights_sha256=episode.model.weights_sha256,
            kernels=episode.model.kernels,
            base_url=data["model"]["base_url"],
            config=data["config"],
            plan=plan,
            parent=episode.parent,
            parent_step=episode.parent_step,
            started_at=episode.started_at or now(),
        )

    def _put_outcome(self, row: EpisodeRow, outcome: Outcome, usage: Usage, finished_at: str | None) -> None:
        data = self._redactor.data(outcome.to_json())
        row.outcome, row.status, row.cause = data, outcome.status, data["cause"]
        row.answer, row.error, row.finished_at = data["answer"], data["error"], finished_at
        row.prompt_tokens, row.completion_tokens = usage.prompt_tokens, usage.completion_tokens
        row.tool_calls, row.model_calls, row.wall_s = usage.tool_calls, usage.model_calls, usage.wall_s


def put_document(session: Session, row: EpisodeRow) -> bool:
    """Offer an ended episode to recall, if its outcome says anything about the task."""
    if row.outcome is None or row.status not in summary.IMPORTANCE:
        return False
    query = select(ToolCallRow.function_name).where(ToolCallRow.episode_id == row.id).order_by(ToolCallRow.position)
    shown = summary.summarise(row.task, Outcome.from_json(row.outcome), session.scalars(query).all())
    created_at = row.finished_at or row.started_at
    documents.put(
        session,
        documents.Document(
            "episode", row.id, row.namespace, row.task, shown, summary.IMPORTANCE[row.status], created_at
        ),
    )
    return True


def _require(session: Session, episode_id: str) -> EpisodeRow:
    row = session.get(EpisodeRow, episode_id)
    if row is None:
        raise _unknown(episode_id)
    return row


def _require_id(connection: Connection, episode_id: str) -> None:
    if connection.scalar(_ID, {"of_episode": episode_id}) is None:
        raise _unknown(episode_id)


def _unknown(episode_id: str) -> RecordNotFound:
    return RecordNotFound(f"no episode {episode_id!r}; `coterie episodes list` shows those there are")


def _steps_and_calls(session: Session, episode_id: str) -> tuple[tuple[Step, ...], tuple[ModelCall, ...]]:
    step_rows = session.scalars(select(StepRow).where(StepRow.episode_id == episode_id))
    call_rows = session.scalars(
        select(ToolCallRow).where(ToolCallRow.episode_id == episode_id).order_by(ToolCallRow.position)
    )
    model_rows = session.scalars(
        select(ModelCallRow).where(ModelCallRow.episode_id == episode_id).order_by(ModelCallRow.position)
    )
    return rows.steps(step_rows, call_rows), tuple(rows.model_call(row) for row in model_rows)


def _summaries() -> Any:
    so_far = select(func.count()).where(ToolCallRow.episode_id == EpisodeRow.id).scalar_subquery()
    return select(
        EpisodeRow.id,
        EpisodeRow.task,
        EpisodeRow.status,
        EpisodeRow.started_at,
        func.coalesce(EpisodeRow.tool_calls, so_far),
        func.coalesce(EpisodeRow.wall_s, 0.0),
    )
