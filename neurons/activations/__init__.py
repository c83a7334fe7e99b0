"""What did every unit say of every image? A run on disk: scanned, opened, never loaded whole."""
