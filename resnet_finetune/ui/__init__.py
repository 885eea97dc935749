"""The page. One module a step; each builds its part and wires it."""
