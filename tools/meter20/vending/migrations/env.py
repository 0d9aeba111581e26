"""What Alembic runs to migrate: the connection comes from `storage.Storage.upgrade`."""

from alembic import context

from meter20.vending.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
