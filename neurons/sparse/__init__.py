"""Sparse multinomial logistic regression with a certificate, at any size."""
