"""Everything that holds state and everything that may fail, as supervised actors."""
