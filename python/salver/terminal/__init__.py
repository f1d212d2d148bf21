"""What the commands that people type have in common. No server imports it."""
