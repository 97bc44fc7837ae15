"""Real processes that die on purpose, people who use them meanwhile, and a verdict on what was promised."""
