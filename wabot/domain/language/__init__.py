"""Spanish as customers write it: words, amounts, yes and no, and the search for products."""
