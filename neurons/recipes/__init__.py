"""Where do studies meet? One job a file, such as the pages of a neuron."""
