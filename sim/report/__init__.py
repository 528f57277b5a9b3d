"""From results to readers: tables, figures, exports, and what the commands print."""
