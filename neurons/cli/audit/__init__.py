"""How is a model asked what it associates, and what it sees? One command per file."""
