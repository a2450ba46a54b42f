"""What `./mesh` does: up, test, down, status, env, lock."""
