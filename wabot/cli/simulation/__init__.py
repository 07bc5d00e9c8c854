"""`wabot simulate`: its commands, and what they put on the stage."""
