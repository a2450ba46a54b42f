"""Where a tool can come from: one small module for each kind of source."""
