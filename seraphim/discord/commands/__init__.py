"""The slash commands, by what they are about. Each turns an interaction into a message."""
