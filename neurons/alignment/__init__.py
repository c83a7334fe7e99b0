"""Do two systems see the same thing? Measures over two tables of the same images."""
