"""Jobs that run by the clock: what is due runs once, its output exists once and complete, and is delivered."""
