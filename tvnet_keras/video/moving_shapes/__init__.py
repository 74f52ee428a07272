"""The generated data set Moving Shapes: its scenes, their pictures with exact flow, and the writer of the files."""
