"""What the default flags give on many data sets: cases, peers, verdicts and the page."""
