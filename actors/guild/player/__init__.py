"""The guild's player: its messages, its pure core, its ports, and the actor around them."""
