"""From observations and declarations to assets: places, nodes, clusters, devices."""
