"""Kept models behind one contract each: who hears the words, who writes the reply, who reads it aloud plainly."""
