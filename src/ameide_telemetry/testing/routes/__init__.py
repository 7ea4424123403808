"""One router per provider and process: spans, points and lines go to the sink of the test that runs now."""
