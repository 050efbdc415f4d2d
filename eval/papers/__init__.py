"""The whole job on real newspapers: each built by the real programs, and every claim about its lists measured."""
