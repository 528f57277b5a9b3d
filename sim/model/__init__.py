"""What the world is: networks from figures or folders, scenarios, and both as arrays."""
