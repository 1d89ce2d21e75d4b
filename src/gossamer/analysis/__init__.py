"""Statistics of tables: intervals, groups of runs, contests, claims, and what predicts accuracy.

It knows topologies and errors only, so that every function here can be used without a study and without a page.
"""
