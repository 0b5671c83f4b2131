"""The node towards its clients: Lavalink's REST routes and its websocket, over aiohttp."""
