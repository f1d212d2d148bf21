"""Which requests of web browsers the admin port answers.

The listener asks nobody who they are, so a page from anywhere that an operator's browser shows could make the browser
ask it. What a page can do:

- send a request to another site: the browser says so in `Origin`, which goes with every change, and in
  `Sec-Fetch-Site`;
- be of a name that its owner points at this machine once it is loaded (DNS rebinding). The browser then takes the
  listener for the page's own site, but `Host` still is that name. Addresses cannot be pointed anywhere.

Programs such as `salver ctl` and curl send neither `Origin` nor `Sec-Fetch-Site`, and are not concerned; but on a
loopback listener the name they use is checked as well, since reading over rebound names carries no mark of a browser.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable

from salver.boundary import ControlCall
from salver.errors import PermissionDeniedError

_READING = frozenset({"GET", "HEAD"})
_OWN_SITES = frozenset({"same-origin", "none"})


class BrowserCheck:
    """Refuses what a page of another site has a browser ask; thread-safe."""

    def __init__(self, admin_host: str, names: Iterable[str] = ()) -> None:
        """Make a check.

        Args:
            admin_host: The address that the listener is opened on.
            names: Names, beside localhost and that of this machine, by which browsers may reach it.
        """
        own = ("localhost", socket.gethostname(), admin_host, *names)
        self._names = frozenset(name.lower().rstrip(".") for name in own)
        self._is_loopback = _is_loopback(admin_host)

    def __call__(self, call: ControlCall) -> None:
        """Return where the request may be answered.

        Raises:
            PermissionDeniedError: It comes from a page of another site, or by a name that may be anybody's.
        """
        sent = dict(call.headers)
        is_reading = call.method in _READING
        self._check_site(sent, is_reading=is_reading)
        is_of_browser = "origin" in sent or "sec-fetch-site" in sent
        if "host" in sent and (self._is_loopback or (is_of_browser and not is_reading)):
            self._check_name(sent["host"])

    def _check_site(self, sent: dict[str, str], *, is_reading: bool) -> None:
        origin, host = sent.get("origin"), sent.get("host", "")
        if origin is not None and origin.partition("://")[2].lower() != host.lower():
            message = f"a page of {origin} may not use the admin listener at {host or 'an unnamed host'}"
            raise PermissionDeniedError(f"{message}; a proxy before it must pass on the Host that the browser sent")
        # Following a link to a page is no harm, and it cannot be framed.
        is_visit = is_reading and sent.get("sec-fetch-mode") == "navigate"
        if sent.get("sec-fetch-site", "none") not in _OWN_SITES and not is_visit:
            raise PermissionDeniedError("a page of another site may not use the admin listener")

    def _check_name(self, host: str) -> None:
        name = _name_of(host)
        if name in self._names or name.endswith(".localhost") or _is_address(name):
            return
        raise PermissionDeniedError(
            f"the admin listener does not answer to the name {name}: expected an address, localhost, the name of the "
            "machine or one of --admin_host_names"
        )


def _name_of(host: str) -> str:
    """`Host` without the port and in one spelling."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].lower().rstrip(".")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    return host == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)
