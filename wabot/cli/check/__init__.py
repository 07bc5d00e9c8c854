"""`wabot check`, and the same checks at the start of `wabot serve`."""
