"""What does a study answer? A result that saves, reloads and describes itself."""
