"""What Zoom tells us by itself: checked, stored within moments, worked on later."""
