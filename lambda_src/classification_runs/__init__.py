"""The function of a workflow: what a run does between the calls that its state machine makes itself."""
