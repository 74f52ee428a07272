"""What is shown of a classifier: the places that are important to it, and its first filters."""
