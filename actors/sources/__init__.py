"""The sources of music as all guilds know them together: which of them fail, and for whom."""
