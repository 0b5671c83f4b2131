"""What Seraphim costs and how fast it is, each figure with the gate it must pass."""
