"""What changes when units are set to a value?"""
