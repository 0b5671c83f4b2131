"""One guild: a supervisor over its player and its panel."""
