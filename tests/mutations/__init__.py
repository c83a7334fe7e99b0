"""Do the tests notice if the code becomes wrong? Named mutations, and what must fail under each."""
