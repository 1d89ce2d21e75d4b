"""What a study leaves behind: the folders of runs and studies, results, and tables of them."""
