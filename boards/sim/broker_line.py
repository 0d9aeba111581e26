"""Says in a line whether the meter reaches its MQTT broker, whenever that changes."""

#: What is said for each word that the request `mqtt` tells in `failed`.
WORDS = {
    "no_authority": "there is no certificate (DER) of an authority to believe",
    "untrusted": "the authority to believe does not vouch for the broker",
    "other_name": "the certificate of the broker is for another name",
    "tls": "the TLS handshake failed",
    "no_link": "there is no network",
    "unreachable": "nobody answers there",
    "lost": "the connection ended",
}


class BrokerLine:
    """Looks at the meter in `body`, a body.SimBody."""

    def __init__(self, body):
        self._body = body
        self._said = ""

    def news(self) -> str:
        """Return a line about the broker, "" when there is nothing new."""
        office = self._body.office
        answer = None if office is None else office.requests.get("mqtt")
        said = "" if answer is None else _line(dict(answer({}, 0)))
        if not said or said == self._said:
            return ""
        self._said = said
        return said


def _line(reply):
    where = "%s:%d" % (reply["host"], reply["port"])
    if reply["connected"]:
        return "MQTT on " + where
    if reply["refused"]:
        return "MQTT not on %s: the broker refuses, code %d" % (where, reply["refused"])
    if reply["failed"]:
        return "MQTT not on %s: %s" % (where, WORDS[reply["failed"]])
    return ""
