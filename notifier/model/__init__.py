"""What we talk about: orders, jobs, reminders, messages. Frozen, without I/O, imports nothing else of ours."""
