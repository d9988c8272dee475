"""What every room stands on: tokens, ARNs, the environment, the L1 resources of constructs."""
