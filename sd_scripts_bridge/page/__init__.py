"""What the tab knows: the draft, the plan, jobs, the result."""
