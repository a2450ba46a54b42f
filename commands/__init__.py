"""What `./mesh` does: up, test, down, status, rotate, env, lock."""
