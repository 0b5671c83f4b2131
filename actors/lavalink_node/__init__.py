"""One node's link: connecting, ready, down, for as long as the node is wanted."""
