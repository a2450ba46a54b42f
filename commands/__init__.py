"""What `./mesh` does: up, test, down, status, proxy-status, proxy-config, analyze, describe, rotate, env, lock."""
