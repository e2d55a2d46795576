"""Run by Alembic: applies the migrations on the connection that `investiq.storage.migrating` opened."""

from alembic import context

# Nothing happens where the file is only imported: Alembic gives the module its attributes while it runs it.
if hasattr(context, "config"):
    context.configure(connection=context.config.attributes["connection"], render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()
