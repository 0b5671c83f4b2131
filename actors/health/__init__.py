"""How Seraphim is: healthy, degraded or unhealthy, and why."""
