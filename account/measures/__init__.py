"""How facts are measured, by theme."""
