"""Commands: parse, call, print. What they do is done elsewhere."""
