"""What a study is to do: TOML files, names that become objects, and the grid of runs."""
