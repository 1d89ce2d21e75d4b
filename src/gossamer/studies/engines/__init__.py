"""Where runs are carried out, and how: in this process, in several, or on a cluster."""
