"""Tables that are made again beside the live ones: the one room that rebuilds DDL."""
