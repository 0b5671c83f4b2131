"""How the tables came to be, one step after the other. Alembic reads this folder by its path."""
