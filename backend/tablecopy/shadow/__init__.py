"""Tables that are created again beside the live ones: the only room that rebuilds DDL."""
