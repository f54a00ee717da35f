"""Passwords: argon2id by argon2-cffi's defaults (RFC 9106 low-memory profile), one hash for web and command line."""

from __future__ import annotations

from argon2 import PasswordHasher

_HASHER = PasswordHasher()


def hash_password(password: str) -> str:
    return _HASHER.hash(password)
