"""What guilds have chosen, as all of Seraphim sees it."""
