"""One module a step of the page, and one for each larger part of a step; each builds its part and wires it."""
