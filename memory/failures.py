"""The failure log: what sank or hurt an episode, by cause, with indexes for the questions people ask.

Each failure gives a lesson, so that a later, similar task is warned; the lesson goes when the failure does.
"""

from dataclasses import replace

from sqlalchemy import func, select

from coterie.memory import rows
from coterie.memory.database import Database
from coterie.memory.errors import RecordNotFound
from coterie.memory.ids import new_id
from coterie.memory.lessons import Statements
from coterie.memory.records import Failure, now
from coterie.memory.redact import Redactor
from coterie.memory.summary import clip
from coterie.memory.tables import EpisodeRow, FailureRow

MAX_TASK_CHARS = 160
MAX_MESSAGE_CHARS = 240
IMPORTANCE = 0.5
DECISIVE_IMPORTANCE = 0.8


class Failures:
    """The repository of failures."""

    def __init__(self, database: Database, lessons: Statements, redactor: Redactor) -> None:
        self._database = database
        self._lessons = lessons
        self._redactor = redactor

    def add(self, failure: Failure, lesson: str | None = None) -> Failure:
        """Log a failure and what to learn from it (a line made of its cause, unless `lesson` says better).

        Returns it with its id and time. Raises RecordNotFound for an unknown episode.
        """
        entry = replace(failure, id=failure.id or new_id("fail"), created_at=failure.created_at or now())
        data = self._redactor.data(entry.to_json())
        with self._database.write() as session:
            episode = session.get(EpisodeRow, entry.episode_id)
            if episode is None:
                raise RecordNotFound(f"failure of the unknown episode {entry.episode_id!r}; record the episode first")
            session.merge(rows.failure_row(data))
            session.flush()
            self._lessons.put(
                session,
                self._redactor.text(lesson) if lesson else lesson_of(Failure.from_json(data), episode.task),
                namespace=episode.namespace,
                importance=DECISIVE_IMPORTANCE if entry.decisive else IMPORTANCE,
                source="failure",
                episode_id=entry.episode_id,
                failure_id=entry.id,
            )
        return Failure.from_json(data)

    def list(
        self, cause: str | None = None, episode_id: str | None = None, limit: int = 50, offset: int = 0
    ) -> tuple[Failure, ...]:
        """Newest first, of one cause or one episode or all."""
        query = select(FailureRow).order_by(FailureRow.created_at.desc(), FailureRow.id.desc())
        if cause is not None:
            query = query.where(FailureRow.cause == cause)
        if episode_id is not None:
            query = query.where(FailureRow.episode_id == episode_id)
        with self._database.read() as session:
            return tuple(rows.failure(row) for row in session.scalars(query.limit(limit).offset(offset)))

    def by_cause(self) -> dict[str, int]:
        """How often each cause occurred, the most frequent first."""
        number = func.count().label("number")
        query = select(FailureRow.cause, number).group_by(FailureRow.cause).order_by(number.desc(), FailureRow.cause)
        with self._database.read() as session:
            return {row.cause: row.number for row in session.execute(query)}


def lesson_of(failure: Failure, task: str) -> str:
    """The line that warns a later task."""
    where = f" at {failure.tool}" if failure.tool else ""
    message = clip(failure.message, MAX_MESSAGE_CHARS)
    return f'Went wrong before in "{clip(task, MAX_TASK_CHARS)}": {failure.cause}{where}: {message}'
