"""The nightly job: articles in, a release out."""
