"""Corpora: official folder layouts in, items out, and what is done with many items: tables, splits, features."""
