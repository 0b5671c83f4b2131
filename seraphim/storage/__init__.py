"""The database: snapshots, settings, favourites and small facts, in SQLite or PostgreSQL.

    database     the storage of `actors.store`: transactions, one after the other, in a thread
    source       what both databases have in common
    sqlite       a file of our own, the default      postgresql   a server that others run
    migration    to the newest tables                migrations   how they came to be, by Alembic
    document     what is stored as JSON, by version  address      what DATABASE_URL may be
    snapshot, track, preferences                     what the documents are of

Importing this package imports nothing. SQLAlchemy and Alembic are imported when there is something
to migrate, psycopg for PostgreSQL.
"""
