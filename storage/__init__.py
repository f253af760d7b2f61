"""The store: one set of portable SQL on SQLite (aiosqlite) and PostgreSQL (psycopg)."""
