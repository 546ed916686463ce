"""A fast decoder for Llama-shaped language models on CPUs; embeddings may stand in for tokens. See docs."""
