"""TLS for both kinds of station: certificates are PEM files of one folder."""

import datetime
import os

import c104


def transport_security(tls):
    """`tls`: {folder, version?: TLS_1_2 | TLS_1_3, renegotiateMs?}; None: no TLS. The folder has own.crt, own.key, ca.crt."""
    if tls is None:
        return None
    security = c104.TransportSecurity(validate=True, only_known=False)
    folder = tls["folder"]
    security.set_certificate(cert=os.path.join(folder, "own.crt"), key=os.path.join(folder, "own.key"))
    security.set_ca_certificate(cert=os.path.join(folder, "ca.crt"))
    version = getattr(c104.TlsVersion, tls.get("version", "TLS_1_2"))
    security.set_version(min=version, max=version)
    if "renegotiateMs" in tls:
        security.set_renegotiation_time(interval=datetime.timedelta(milliseconds=tls["renegotiateMs"]))
    return security
