"""Decoders of untrusted files; they run in the child process of core.sandbox only."""
