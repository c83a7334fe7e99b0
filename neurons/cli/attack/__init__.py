"""How are typographic attacks asked for? One command per file."""
