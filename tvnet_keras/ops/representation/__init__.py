"""What Representation Flow has beside TV-L1: image gradients of features, their scaling, and the released layers."""
