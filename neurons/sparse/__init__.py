"""Which few units make a class? Multinomial logistic regression with few weights, certified."""
