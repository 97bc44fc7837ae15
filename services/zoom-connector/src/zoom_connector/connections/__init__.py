"""A host's connection to Zoom: made, kept alive, used, and removed without a trace."""
