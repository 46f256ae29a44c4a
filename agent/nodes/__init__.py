"""The nodes of the loop, one file each; `coterie.agent.graph` wires them."""
