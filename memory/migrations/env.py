"""Alembic's entry: run the revisions on the connection that `upgrade` passes in, inside its transaction."""

from alembic import context

from coterie.memory.tables import Row

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Row.metadata,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
