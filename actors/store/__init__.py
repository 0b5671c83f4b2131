"""What survives the process: the guilds' snapshots and a few facts, written behind."""
