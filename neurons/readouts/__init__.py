"""What names a class? Zero-shot sentences, or a probe that was fitted."""
