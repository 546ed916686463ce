"""Emotion from the movements of a face: blendshapes in, emotion out. See README.md."""
