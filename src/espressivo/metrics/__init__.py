"""How good a system is: measures, how sure they are, and pictures of them."""
