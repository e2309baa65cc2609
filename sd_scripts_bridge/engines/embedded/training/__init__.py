"""How the embedded engine trains: noise, loss, optimizer, schedule, state, the loop."""
