"""How is a result shown to a person? Pages that open from disk, without a network."""

from neurons.report.site import Page, write, write_single

__all__ = ["Page", "write", "write_single"]
