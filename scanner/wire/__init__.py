"""The one door to the network: scope, guard, pacer, budget, recorder, in this order.

Only modules of this package and the capture helper import sockets; a test holds the rest to it.
"""
