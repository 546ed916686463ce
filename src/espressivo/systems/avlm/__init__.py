"""AVLM: a language model that reads speech and a face as well as text."""
