"""The same training on an existing Ray cluster, through Ray's Jobs REST API: nothing of Ray is
installed here.
"""
