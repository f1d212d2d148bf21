"""What a running process is at, for operators: its threads, and how busy the interpreter is."""
