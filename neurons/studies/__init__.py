"""One question a file; studies never import each other."""
