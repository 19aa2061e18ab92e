"""The small inputs of ../shared/cases: each is read there by a test that asserts its README."""
