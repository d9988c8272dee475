"""Classification that keeps running: a Step Functions state machine whose runs are one job each."""
