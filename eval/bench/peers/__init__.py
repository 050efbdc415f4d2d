"""Other ways to do our task, each as well as it can be done: one file a family. `known` lists them."""
