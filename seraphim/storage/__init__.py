"""The database: snapshots, settings, favourites and small facts, in SQLite or PostgreSQL.

    database     the storage of `actors.store`: transactions, one after the other, in a thread
    sqlite       a file of our own, the default      postgresql   a server that others run
    schema       the tables                          migrations   how they came to be, by Alembic
    document     what is stored as JSON, by version  address      what DATABASE_URL may be
    snapshot, track, preferences                     what the documents are of

Importing this package imports nothing; `database` imports SQLAlchemy Core, without its asyncio
layer. Alembic, and psycopg for PostgreSQL, are imported when they have something to do.
"""
