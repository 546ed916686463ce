"""The rooms: each holds one system behind its own pipeline; none imports another's model."""
