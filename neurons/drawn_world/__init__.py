"""Which pictures have a truth that is known? A world that code draws."""
