"""Pieces of behaviour that the library promises, played from a deployment to its end."""
