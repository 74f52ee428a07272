"""What tables of ActionFlowNet are made from."""
