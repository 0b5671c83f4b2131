"""How Seraphim meets the world: Discord, Lavalink, the terminal."""
