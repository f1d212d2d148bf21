"""Model formats: one module for each loader and its servable, and what a servable is to the wire."""
