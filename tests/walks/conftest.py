"""The walks are programs, run by `test_walks.py`: whoever collects doctests must not import them."""

collect_ignore = ["engineer.py", "network_scientist.py", "researcher.py"]
