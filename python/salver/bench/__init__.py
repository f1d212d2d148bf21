"""`salver bench`: puts load on a running server and says what came of it."""
