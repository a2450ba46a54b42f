"""The documentation is held to the code: what it lists, quotes and shows is what there is."""
