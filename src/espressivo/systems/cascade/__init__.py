"""The cascade: recogniser → emotion → language model → plain voice. The baseline of the audio-visual model."""
