"""Image classifiers, one per file: `build(input_shape, num_classes, dropout) -> keras.Model` giving logits."""
