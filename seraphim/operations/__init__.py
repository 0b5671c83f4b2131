"""What those who run Seraphim see of it: the log, the tree."""
