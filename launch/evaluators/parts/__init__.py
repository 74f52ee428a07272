"""What the measures share: the flow of a model, and the protocol of what was measured."""
