"""How fast people may ask for things: token buckets, for each of them and for all together."""
