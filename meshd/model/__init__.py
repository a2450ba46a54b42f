"""What a mesh is, in types of our own: pure, without third parties and without any API's dialect."""
