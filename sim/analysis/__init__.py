"""What a run means: results, measures, comparisons, checks."""
