"""How active was every unit on every image? A run on disk: scanned, opened, never loaded whole.

`scan` makes a run, `run` reads it back, `run_format` tells what it holds, and `run_writer` commits
it shard by shard, so that a kill loses one shard at most.
"""
