"""RuleSet or Report into text that leaves the house."""
