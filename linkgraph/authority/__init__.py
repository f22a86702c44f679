"""A vote graph → the rank and the 0 to 100 authority of every node, with the error that the numbers carry."""
