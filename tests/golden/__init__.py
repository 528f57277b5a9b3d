"""Golden results of the shipped scenarios: numbers that may change only when somebody says so.

``python -m tests.golden.update`` writes them anew; a change of numbers is named in the changelog.
"""
