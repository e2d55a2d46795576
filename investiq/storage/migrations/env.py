"""Run by Alembic: applies the migrations on the connection that `investiq.storage.migrating` opened."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
