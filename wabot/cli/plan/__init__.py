"""`wabot plan`: what shops pay for, and what they used of it."""
