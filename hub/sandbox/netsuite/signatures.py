"""Signatures that callers prove themselves with: JWT by a certificate's key, OAuth 1.0 by shared secrets."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from typing import Any
from urllib.parse import parse_qsl, quote, unquote

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from cryptography.x509 import load_pem_x509_certificate

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey
# https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_162790605110.html
_HASHES: dict[str, hashes.HashAlgorithm] = {
    "256": hashes.SHA256(),
    "384": hashes.SHA384(),
    "512": hashes.SHA512(),
}
_RSA_BITS = (3072, 4096)
_CURVES = {"ES256": "secp256r1", "ES384": "secp384r1", "ES512": "secp521r1"}


def public_key(pem: str) -> PublicKey:
    """The public key of a PEM certificate or key. Raises ValueError for what NetSuite would not take."""
    data = pem.encode()
    is_certificate = b"BEGIN CERTIFICATE" in data
    key: object = (
        load_pem_x509_certificate(data).public_key() if is_certificate else load_pem_public_key(data)
    )
    if isinstance(key, rsa.RSAPublicKey) and key.key_size in _RSA_BITS:
        return key
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _CURVES.values():
        return key
    raise ValueError(
        "a certificate must hold an RSA key of 3072 or 4096 bits or an EC key of P-256, P-384 or P-521"
    )


def split_jwt(text: str) -> tuple[dict[str, Any], dict[str, Any], bytes, bytes]:
    """Header, payload, what was signed, and the signature. Raises ValueError for what is no JWT."""
    parts = text.split(".")
    if len(parts) != 3:
        raise ValueError("a JWT has three parts")
    header, payload = (json.loads(_decode(part)) for part in parts[:2])
    if not isinstance(header, dict) or not isinstance(payload, dict):
        raise ValueError("header and payload of a JWT are objects")
    return header, payload, f"{parts[0]}.{parts[1]}".encode(), _decode(parts[2])


def _decode(part: str) -> bytes:
    try:
        return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("a JWT is base64url") from error


def is_signed(key: PublicKey, algorithm: str, signed: bytes, signature: bytes) -> bool:
    """Whether the signature is right; PS and ES algorithms only, each with its own kind of key."""
    method = _HASHES.get(algorithm[2:])
    if method is None or algorithm[:2] not in ("PS", "ES"):
        return False
    try:
        if algorithm.startswith("PS") and isinstance(key, rsa.RSAPublicKey):
            salt = padding.PSS(mgf=padding.MGF1(method), salt_length=method.digest_size)
            key.verify(signature, signed, salt, method)
        elif isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name == _CURVES.get(algorithm):
            half = len(signature) // 2
            numbers = (int.from_bytes(signature[:half]), int.from_bytes(signature[half:]))
            key.verify(utils.encode_dss_signature(*numbers), signed, ec.ECDSA(method))
        else:
            return False
    except InvalidSignature:
        return False
    return True


def oauth_parameters(header: str) -> dict[str, str]:
    """The parameters of an Authorization header of OAuth 1.0; empty if it is none."""
    scheme, _, rest = header.partition(" ")
    if scheme.lower() != "oauth":
        return {}
    found = {}
    for piece in rest.split(","):
        name, _, value = piece.strip().partition("=")
        found[unquote(name)] = unquote(value.strip('"'))
    return found


def oauth_signatures(
    method: str, origin: str, path: str, query: str, given: dict[str, str], secrets: tuple[str, str]
) -> set[str]:
    """The right HMAC-SHA256 signatures. There is one; `path` is decoded, and callers escape it in several ways.

    RFC 5849, section 3.4; realm and oauth_signature are not signed.
    """
    pairs = parse_qsl(query, keep_blank_values=True)
    pairs += [(name, value) for name, value in given.items() if name not in ("realm", "oauth_signature")]
    escaped = sorted((_escape(name), _escape(value)) for name, value in pairs)
    joined = "&".join(f"{name}={value}" for name, value in escaped)
    key = "&".join(_escape(secret) for secret in secrets).encode()
    right = set()
    for safe in ("/:!", "/:!$&'()*+,;=@", "/", "/!"):
        base = "&".join((method, _escape(origin + quote(path, safe=safe + "~")), _escape(joined)))
        right.add(base64.b64encode(hmac.new(key, base.encode(), hashlib.sha256).digest()).decode())
    return right


def _escape(text: str) -> str:
    return quote(text, safe="~")
