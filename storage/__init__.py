"""The store: one set of portable SQL on SQLite (aiosqlite) and PostgreSQL (psycopg)."""

from storage.backup import backup_store
from storage.copy import copy_store
from storage.opening import is_store_there, open_store
from storage.store import Store

__all__ = ["Store", "backup_store", "copy_store", "is_store_there", "open_store"]
