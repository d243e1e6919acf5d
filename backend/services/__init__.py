"""The rules of the product, without HTTP.

Functions that change something expect to run inside `backend.db.transactions.writing()`; whoever
answers the request opens it, so that an effect and its reply are committed together. Signing up and
what is counted (throttles, the last use of a token) have transactions of their own. What belongs
to a group is reached through a `Membership`: it cannot be had without being a member.
"""
