"""What does a command line ask for? Words become values, one command per file.

A command parses, calls one verb of the library and shows the answer. Its function's docstring is
its help, a frozen dataclass is a group of options that is written once (`options`), and nothing
heavy is imported before its body needs it: a wrong path is told in a third of a second.
"""
