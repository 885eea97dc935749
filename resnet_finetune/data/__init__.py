"""From whatever the person has (a folder, an archive, a table, a camera) to photos with labels, a split and honest pixels."""
