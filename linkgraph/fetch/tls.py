"""Why an encrypted connection was not made → a reason of the closed list.

Promises that a bad certificate is told apart from a host that cannot be reached: the one lasts, the other passes.
"""

from __future__ import annotations

import ssl

# X509_V_ERR_* of OpenSSL's x509_vfy.h.
_CERTIFICATE = {
    9: "tls:expired",  # not yet valid
    10: "tls:expired",
    18: "tls:untrusted",  # signed by itself
    19: "tls:untrusted",  # by an authority that is in the chain and nowhere else
    20: "tls:untrusted",  # by one that is unknown
    21: "tls:untrusted",
    62: "tls:wrong-host",
    64: "tls:wrong-host",  # an address in place of a name
}


def tls_reason(error: BaseException | None) -> str | None:
    """Return which defect of TLS *error* or one of its causes tells of; None where it tells of none."""
    seen: set[int] = set()
    found = None
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, ssl.SSLCertVerificationError) and hasattr(error, "verify_code"):
            return _CERTIFICATE.get(error.verify_code, "tls:invalid")
        if isinstance(error, ssl.SSLError):
            found = "tls:invalid" if isinstance(error, ssl.CertificateError) else "tls:protocol"
        inner = getattr(error, "certificate_error", None) or getattr(error, "os_error", None)
        error = (
            inner if isinstance(inner, BaseException) and inner is not error else error.__cause__ or error.__context__
        )
    return found
