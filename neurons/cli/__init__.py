"""What does a command line ask for? Strings become values, one command a file."""
