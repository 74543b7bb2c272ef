"""Every decision, pure: no I/O, no clock. Time comes in as an argument, decisions go out with their reasons."""
