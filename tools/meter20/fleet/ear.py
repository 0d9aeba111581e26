"""Hears at the broker what the meters of a fleet report: the proof that reports arrive."""

from meter20.ami.mqtt_carrier import Broker, client_of


class Ear:
    """Counts the reports of meters `first` to `last` at `broker`. reports: so far."""

    def __init__(self, broker: Broker, first: str, last: str):
        self.reports = 0
        self._first, self._last = first, last
        self._client = client_of(broker)
        self._client.on_connect = self._connected
        self._client.on_message = self._came
        self._client.connect_async(broker.host, broker.port)
        self._client.loop_start()

    def _connected(self, client, _userdata, _flags, _reason, _properties) -> None:
        client.subscribe("meter20/+/registers", 0)

    def _came(self, _client, _userdata, message) -> None:
        drn = message.topic.split("/")[1]
        if not message.retain and self._first <= drn <= self._last:
            self.reports += 1

    def close(self) -> None:
        """Hear no more."""
        self._client.disconnect()
        self._client.loop_stop()
