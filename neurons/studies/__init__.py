"""What can be asked of a model? One question a file; studies never import each other."""
