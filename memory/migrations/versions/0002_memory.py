"""Facts, lessons, memory reads, and the documents that recall searches."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the tables and the word index."""
    _statements("facts")
    _statements("lessons")
    _memory_reads()
    _documents()
    if op.get_bind().dialect.name == "sqlite":
        _words_in_sqlite()
    else:
        op.execute("CREATE INDEX ix_documents_words ON documents USING gin (to_tsvector('simple', text))")


def _statements(table: str) -> None:
    op.create_table(
        table,
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("namespace", sa.String(200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("importance", sa.Double(), nullable=False),
        sa.Column("source", sa.String(32), nullable=False),
        sa.Column("episode_id", sa.String(64)),
        sa.Column("failure_id", sa.String(64)),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("valid_from", sa.String(32), nullable=False),
        sa.Column("valid_to", sa.String(32)),
        sa.Column("superseded_by", sa.String(64)),
        sa.Column("reason", sa.Text()),
        sa.Column("recorded_at", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
    )
    for column in ("namespace", "sha256", "episode_id", "failure_id", "status", "recorded_at"):
        op.create_index(f"ix_{table}_{column}", table, [column])


def _memory_reads() -> None:
    op.create_table(
        "memory_reads",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("episode_id", sa.String(64), nullable=False),
        sa.Column("step_id", sa.Integer()),
        sa.Column("namespace", sa.String(200), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("hits", sa.Text(), nullable=False),
        sa.Column("timestamp", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_memory_reads"),
        sa.ForeignKeyConstraint(
            ["episode_id"], ["episodes.id"], name="fk_memory_reads_episode_id_episodes", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_memory_reads_episode_id", "memory_reads", ["episode_id"])


def _documents() -> None:
    op.create_table(
        "documents",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(100), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("source_id", sa.String(64), nullable=False),
        sa.Column("namespace", sa.String(200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("shown", sa.Text(), nullable=False),
        sa.Column("importance", sa.Double(), nullable=False),
        sa.Column("num_uses", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_used_at", sa.String(32)),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("vector_sha256", sa.String(64)),
        sa.PrimaryKeyConstraint("number", name="pk_documents"),
        sa.UniqueConstraint("id", name="uq_documents_id"),
    )
    op.create_index("ix_documents_namespace_kind", "documents", ["namespace", "kind"])
    op.create_index("ix_documents_vector_sha256", "documents", ["vector_sha256"])


def _words_in_sqlite() -> None:
    """An FTS5 index over documents.text, kept equal by triggers."""
    op.execute(
        "CREATE VIRTUAL TABLE documents_words USING fts5(text, content='documents', content_rowid='number', "
        "tokenize='porter unicode61 remove_diacritics 2')"
    )
    add = "INSERT INTO documents_words(rowid, text) VALUES (new.number, new.text);"
    remove = "INSERT INTO documents_words(documents_words, rowid, text) VALUES ('delete', old.number, old.text);"
    op.execute(f"CREATE TRIGGER documents_added AFTER INSERT ON documents BEGIN {add} END")
    op.execute(f"CREATE TRIGGER documents_removed AFTER DELETE ON documents BEGIN {remove} END")
    op.execute(f"CREATE TRIGGER documents_changed AFTER UPDATE OF text ON documents BEGIN {remove} {add} END")
