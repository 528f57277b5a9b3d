"""What is known: the product's own tables, how they are read, checked and traced to their sources."""
