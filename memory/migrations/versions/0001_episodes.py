"""Episodes, steps, model calls, tool calls, failures and the effects ledger."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the tables."""
    _meta()
    _episodes()
    _steps()
    _tool_calls()
    _model_calls()
    _failures()
    _effects()


def _meta() -> None:
    op.create_table(
        "meta",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_meta"),
    )


def _episodes() -> None:
    op.create_table(
        "episodes",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("namespace", sa.String(200), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("task_name", sa.String(200)),
        sa.Column("task_record", sa.Text(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("answer", sa.Text()),
        sa.Column("error", sa.Text()),
        sa.Column("cause", sa.String(200)),
        sa.Column("outcome", sa.Text()),
        sa.Column("model_name", sa.String(500), nullable=False),
        sa.Column("weights_sha256", sa.String(64)),
        sa.Column("kernels", sa.String(200)),
        sa.Column("base_url", sa.Text()),
        sa.Column("config", sa.Text(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("prompt_tokens", sa.BigInteger()),
        sa.Column("completion_tokens", sa.BigInteger()),
        sa.Column("tool_calls", sa.Integer()),
        sa.Column("model_calls", sa.Integer()),
        sa.Column("wall_s", sa.Double()),
        sa.Column("parent", sa.String(64)),
        sa.Column("parent_step", sa.Integer()),
        sa.Column("started_at", sa.String(32), nullable=False),
        sa.Column("finished_at", sa.String(32)),
        sa.PrimaryKeyConstraint("id", name="pk_episodes"),
    )
    op.create_index("ix_episodes_status_started_at", "episodes", ["status", "started_at"])
    op.create_index("ix_episodes_model_name_started_at", "episodes", ["model_name", "started_at"])
    for column in ("task_name", "cause", "parent", "started_at"):
        op.create_index(f"ix_episodes_{column}", "episodes", [column])


def _of_episode(table: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_episode_id_episodes"
    return sa.ForeignKeyConstraint(["episode_id"], ["episodes.id"], name=name, ondelete="CASCADE")


def _steps() -> None:
    op.create_table(
        "steps",
        sa.Column("episode_id", sa.String(64), nullable=False),
        sa.Column("step_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("node", sa.String(64), nullable=False),
        sa.Column("plan_step", sa.Integer()),
        sa.Column("verdict", sa.String(32)),
        sa.Column("message", sa.Text()),
        sa.Column("state_hash", sa.String(128)),
        sa.Column("prompt_tokens", sa.Integer()),
        sa.Column("completion_tokens", sa.Integer()),
        sa.Column("wall_s", sa.Double()),
        sa.Column("timestamp", sa.String(32)),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("episode_id", "step_id", name="pk_steps"),
        _of_episode("steps"),
    )
    op.create_index("ix_steps_node", "steps", ["node"])


def _tool_calls() -> None:
    op.create_table(
        "tool_calls",
        sa.Column("episode_id", sa.String(64), nullable=False),
        sa.Column("tool_call_id", sa.String(200), nullable=False),
        sa.Column("step_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("function_name", sa.String(200), nullable=False),
        sa.Column("arguments", sa.Text(), nullable=False),
        sa.Column("is_error", sa.Boolean()),
        sa.Column("error_kind", sa.String(64)),
        sa.Column("wall_s", sa.Double()),
        sa.Column("result", sa.Text()),
        sa.Column("timestamp", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("episode_id", "tool_call_id", name="pk_tool_calls"),
        _of_episode("tool_calls"),
    )
    op.create_index("ix_tool_calls_episode_id_step_id", "tool_calls", ["episode_id", "step_id"])
    op.create_index("ix_tool_calls_function_name_is_error", "tool_calls", ["function_name", "is_error"])
    op.create_index("ix_tool_calls_error_kind", "tool_calls", ["error_kind"])


def _model_calls() -> None:
    op.create_table(
        "model_calls",
        sa.Column("episode_id", sa.String(64), nullable=False),
        sa.Column("model_call_id", sa.String(200), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("step_id", sa.Integer()),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("finish_reason", sa.String(32)),
        sa.Column("prompt_tokens", sa.Integer(), nullable=False),
        sa.Column("completion_tokens", sa.Integer(), nullable=False),
        sa.Column("seed", sa.BigInteger()),
        sa.Column("completion", sa.Text(), nullable=False),
        sa.Column("error", sa.Text()),
        sa.Column("wall_s", sa.Double(), nullable=False),
        sa.Column("timestamp", sa.String(32)),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("episode_id", "model_call_id", name="pk_model_calls"),
        _of_episode("model_calls"),
    )
    op.create_index("ix_model_calls_episode_id_step_id", "model_calls", ["episode_id", "step_id"])
    op.create_index("ix_model_calls_purpose", "model_calls", ["purpose"])
    op.create_index("ix_model_calls_finish_reason", "model_calls", ["finish_reason"])


def _failures() -> None:
    op.create_table(
        "failures",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("episode_id", sa.String(64), nullable=False),
        sa.Column("step_id", sa.Integer()),
        sa.Column("cause", sa.String(200), nullable=False),
        sa.Column("mast", sa.String(32)),
        sa.Column("tool", sa.String(200)),
        sa.Column("decisive", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("signals", sa.Text(), nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_failures"),
        _of_episode("failures"),
    )
    op.create_index("ix_failures_cause_created_at", "failures", ["cause", "created_at"])
    for column in ("episode_id", "mast", "tool"):
        op.create_index(f"ix_failures_{column}", "failures", [column])


def _effects() -> None:
    op.create_table(
        "tool_effects",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("episode_id", sa.String(64), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("tool", sa.String(200), nullable=False),
        sa.Column("arguments", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("result", sa.Text()),
        sa.Column("begun_at", sa.String(32), nullable=False),
        sa.Column("committed_at", sa.String(32)),
        sa.PrimaryKeyConstraint("key", name="pk_tool_effects"),
    )
    op.create_index("ix_tool_effects_state_begun_at", "tool_effects", ["state", "begun_at"])
    op.create_index("ix_tool_effects_episode_id", "tool_effects", ["episode_id"])
