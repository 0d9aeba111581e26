"""The head-end: sells purchases that come over a network, and sends their tokens to the meters."""
