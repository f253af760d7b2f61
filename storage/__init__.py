"""The store: one set of portable SQL on SQLite (aiosqlite) and PostgreSQL (psycopg)."""

from storage.opening import open_store
from storage.store import Store

__all__ = ["Store", "open_store"]
