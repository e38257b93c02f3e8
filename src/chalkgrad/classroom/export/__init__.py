"""A sheet for the systems that courses run on: Moodle, Canvas, PrairieLearn, GIFT, Jupyter, plain JSON.

Each format has one function of a sheet's variants. It gives file names and their bytes, the same for the same input.
"""
