"""TLS for both kinds of station: certificates are PEM files of one folder."""

import os

import c104


def transport_security(tls, validate=True):
    """`tls`: {folder, version?: TLS_1_2 | TLS_1_3}; None: no TLS. The folder has own.crt, own.key, ca.crt."""
    if tls is None:
        return None
    security = c104.TransportSecurity(validate=validate, only_known=False)
    folder = tls["folder"]
    security.set_certificate(cert=os.path.join(folder, "own.crt"), key=os.path.join(folder, "own.key"))
    security.set_ca_certificate(cert=os.path.join(folder, "ca.crt"))
    version = getattr(c104.TlsVersion, tls.get("version", "TLS_1_2"))
    security.set_version(min=version, max=version)
    return security
