"""From whatever the person has (a folder, a zip, the demo) to photos with labels, a split and honest pixels."""
