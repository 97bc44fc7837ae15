"""Makes, moves and deletes the Zoom meeting of each booking in its host's own account."""
