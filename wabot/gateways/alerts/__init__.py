"""The ways to the operator: each hands one message over, or says what is wrong and what helps."""
