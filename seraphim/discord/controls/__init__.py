"""The panel's buttons: how they are named, and what a press does."""
