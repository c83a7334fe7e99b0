"""What do units have to do with words, by a readout that is linear?"""
