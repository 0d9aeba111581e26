"""The shop: pages on which customers buy credit for a meter, and operators see how that goes.

A purchase goes the way of the head-end (`meter20.ami`): the shop shows what the database says of
it, whichever process brings its token to the meter.
"""
