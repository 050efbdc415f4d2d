"""Where judgments come from, a file for each kind; `eval.judgments` is what they all become."""
