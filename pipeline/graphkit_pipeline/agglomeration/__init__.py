"""From segments to neurons: scores of pairs that touch, and which of them are joined."""
