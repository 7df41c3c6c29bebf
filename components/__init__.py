"""Components for web applications on Exoscale.

An SKS cluster, its ingress controller, a DNS zone, namespaces, web applications and their
databases, each with the class of its args. Installed, the package is `exoscale_webapp`;
`__init__.pyi` has its names.

A name is imported when it is first used: the providers' SDKs take most of a program's start.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
