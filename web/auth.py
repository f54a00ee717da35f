"""Who is behind a request: Flask-Security's sessions, tokens and argon2 over our own person table.

A page session is a signed cookie: 12 hours idle, 7 days at most. A script gets
a token and sends it in the header `Authentication-Token`. Both name the
person's uniquifier; signing out changes it, so a copied cookie or token dies
with the session it was taken from. Ten wrong passwords lock an account for 15
minutes; the answer is the same whatever was wrong.
"""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import Any

from flask import Flask, Request, current_app, session
from flask_babel import gettext
from flask_security import RoleMixin, Security, UserDatastore, UserMixin
from flask_security.utils import (
    get_request_attr,
    login_user,
    logout_user,
    parse_auth_token,
    set_request_attr,
    verify_and_update_password,
)
from itsdangerous import BadData

from web.errors import Refused
from workflow.people import Actor
from workflow.settings import Settings
from workflow.store import accounts
from workflow.store.accounts import Account
from workflow.store.house import House
from workflow.store.passwords import hash_password
from workflow.store.tables import now_ms

TOKEN_HEADER = "Authentication-Token"  # noqa: S105  a header's name
IDLE = timedelta(hours=12)
LONGEST = timedelta(days=7)
LONGEST_PASSWORD = 1024  # characters

# One argon2 check takes 64 MiB for its moment: a crowd at the door must not take all memory.
_few_checks_at_a_time = threading.BoundedSemaphore(2)


class SignedIn(UserMixin):
    """An account as Flask-Security handles it. A value: what changes is written by `store.accounts`."""

    id: str  # type: ignore[assignment]
    roles: list[RoleMixin] = []  # noqa: RUF012  ours are per project and live in `workflow.people`
    fs_uniquifier: str = ""  # Flask-Security looks for it on the class

    def __init__(self, account: Account) -> None:
        self.account = account
        self.id = account.id
        self.email = account.email
        self.name = account.name
        self.password = account.password
        self.active = account.active
        self.fs_uniquifier = account.fs_uniquifier
        self.locale = account.locale
        self.is_admin = account.is_admin

    def actor(self) -> Actor:
        """As the rules see them outside any project."""
        return Actor(
            user_id=self.id,
            name=self.name,
            is_admin=self.is_admin,
            may_create_projects=self.account.may_create_projects,
        )


class _People(UserDatastore):
    """Flask-Security's way to our person table: it finds, and it keeps a password that was hashed anew."""

    def __init__(self, house: House) -> None:
        super().__init__(SignedIn, RoleMixin)
        self.house = house

    def find_user(self, case_insensitive: bool = False, **by: Any) -> SignedIn | None:
        [(key, value)] = by.items()
        find = {
            "email": accounts.account_by_email,
            "fs_uniquifier": accounts.account_by_uniquifier,
        }[key]
        account = find(self.house, str(value))
        return SignedIn(account) if account else None

    def put(self, model: SignedIn) -> SignedIn:
        if model.password and model.password != model.account.password:
            accounts.set_password_hash(self.house, model.id, model.password)
        return model


def install(app: Flask, settings: Settings, house: House) -> None:
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SESSION_COOKIE_NAME="__Host-terjime" if settings.secure_cookies else "terjime",
        SESSION_COOKIE_SECURE=settings.secure_cookies,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=IDLE,
        SECURITY_PASSWORD_HASH="argon2",  # noqa: S106
        SECURITY_PASSWORD_SINGLE_HASH={"argon2"},  # as the command line makes it, no HMAC around it
        SECURITY_PASSWORD_SALT=settings.secret_key,  # asked for; argon2 brings its own
        SECURITY_RETURN_GENERIC_RESPONSES=True,
        SECURITY_TOKEN_AUTHENTICATION_HEADER=TOKEN_HEADER,
        SECURITY_TOKEN_MAX_AGE=LONGEST,
        SECURITY_CLI_USERS_NAME=False,
        SECURITY_CLI_ROLES_NAME=False,
        WTF_CSRF_CHECK_DEFAULT=False,  # the guard checks: it knows who came by token
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session: a page may stay open all day
        WTF_CSRF_SSL_STRICT=False,  # we send no Referer; Sec-Fetch-Site and Origin are checked instead
    )
    security = Security(app, _People(house), register_blueprint=False)
    security.login_manager.user_loader(_by_session)
    security.login_manager.request_loader(_by_token_header)


def by_token() -> bool:
    """Whether this request proved who it is by a token: nothing that a browser sends by itself."""
    return bool(get_request_attr("fs_authn_via") == "token")


def check_password(house: House, email: str, password: str, **where: str) -> SignedIn:
    """Who signs in with *email* and *password*; *where* goes into the audit log.

    Raises Refused 401 SIGN_IN_FAILED, in the same words and after the same work, for an unknown
    address, a wrong password, a locked and a deactivated account.
    """
    account = accounts.account_by_email(house, email)
    right = _is_right(account, password[:LONGEST_PASSWORD])
    if account is None:
        accounts.note_event(house, None, "sign_in_failed", "person", "", **where)
    elif account.is_locked(now_ms()):
        accounts.note_event(house, account.id, "sign_in_locked", "person", account.id, **where)
    elif not right:
        accounts.count_failed_sign_in(house, account.id, **where)
    elif account.active:
        accounts.note_sign_in(house, account.id, **where)
        return SignedIn(account)
    raise Refused(
        401,
        "SIGN_IN_FAILED",
        gettext("This e-mail address and password do not let you in."),
        advice=gettext("Check both. After ten wrong passwords an account waits for 15 minutes."),
    )


def start_session(person: SignedIn) -> None:
    """Sign *person* in for this browser, in a session that has nothing of the one before."""
    session.clear()
    session.permanent = True
    login_user(person, remember=False)


def end_session(house: House, person: SignedIn, **where: str) -> None:
    """Sign *person* out, everywhere: cookies and tokens that were copied stop working too."""
    accounts.end_sessions(house, person.id, **where)
    logout_user()
    session.clear()


def token_for(person: SignedIn) -> str:
    return str(person.get_auth_token())


def _is_right(account: Account | None, password: str) -> bool:
    with _few_checks_at_a_time:
        if account is None or not account.password:
            hash_password(password)  # as much work as a check, so that time tells nothing
            return False
        return bool(verify_and_update_password(password, SignedIn(account)))


def _by_session(uniquifier: str) -> SignedIn | None:
    if time.time() - session.get("fs_paa", 0) > LONGEST.total_seconds():
        return None
    return _active(uniquifier, "session")


def _by_token_header(request: Request) -> SignedIn | None:
    """The header only: Flask-Security's own loader would also take tokens from addresses and bodies."""
    token = request.headers.get(TOKEN_HEADER)
    if not token:
        return None
    try:
        uniquifier = parse_auth_token(token)["uid"]
    except (BadData, ValueError, TypeError, KeyError):
        return None
    return _active(str(uniquifier), "token")


def _active(uniquifier: str, via: str) -> SignedIn | None:
    person = current_app.extensions["security"].datastore.find_user(fs_uniquifier=uniquifier)
    if person is None or not person.active:
        return None
    set_request_attr("fs_authn_via", via)
    return person  # type: ignore[no-any-return]
