"""The step of a run: arrays in, arrays out, no names."""
