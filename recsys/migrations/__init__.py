"""The article store's schema, version by version; run by `recsys.database`, not by the alembic program."""
