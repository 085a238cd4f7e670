"""What the browser game costs its player's machine."""
