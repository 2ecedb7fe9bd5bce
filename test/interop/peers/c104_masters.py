"""A control centre of many connections built on c104, hence on lib60870-C: one to each RTU. See jsonlines.py for how a test
drives it. What it received is asked for with `received`, not told as events: there is much of it.
"""

import threading

import c104

import jsonlines
from c104_values import command as command_information


class Centre:
    client = None
    connections = {}
    received = {}
    lock = threading.Lock()


centre = Centre()


def recorder(ca):
    """c104 has one type for each address, so it tells not of all that a station with several brings: the APDUs do."""

    def on_receive_raw(connection: c104.Connection, data: bytes) -> None:
        with centre.lock:
            centre.received.setdefault(ca, []).append(data.hex())

    return on_receive_raw


def connect(host, rtus):
    """`rtus`: [{port, ca}]."""
    client = c104.Client(tick_rate_ms=50, command_timeout_ms=10000)
    centre.client = client
    for rtu in rtus:
        connection = client.add_connection(ip=host, port=rtu["port"], init=c104.Init.MUTED)
        connection.add_station(rtu["ca"])
        connection.on_receive_raw(recorder(rtu["ca"]))
        centre.connections[rtu["ca"]] = connection
    client.start()


def states():
    return {str(ca): connection.state.name for ca, connection in centre.connections.items()}


def startdt():
    for connection in centre.connections.values():
        connection.unmute()


def at_once(does):
    """Calls `does` for every RTU at the same time; the calls of c104 block."""
    results = {}
    threads = []
    for ca, connection in centre.connections.items():
        def run(ca=ca, connection=connection):
            results[str(ca)] = does(ca, connection)
        threads.append(threading.Thread(target=run))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def gi():
    return at_once(lambda ca, connection: connection.interrogation(ca))


def clock():
    return at_once(lambda ca, connection: connection.clock_sync(ca))


def command(ioa, type, value):
    def does(ca, connection):
        station = connection.get_station(ca)
        station.remove_point(ioa)
        point = station.add_point(ioa, getattr(c104.Type, type))
        point.info = command_information(type, value, None)
        return point.transmit(cause=c104.Cot.ACTIVATION)

    return at_once(does)


def received():
    """The APDUs since the last call, by RTU number."""
    with centre.lock:
        taken, centre.received = centre.received, {}
    return {str(ca): apdus for ca, apdus in taken.items()}


jsonlines.serve(
    {
        "connect": connect,
        "states": states,
        "startdt": startdt,
        "gi": gi,
        "clock": clock,
        "command": command,
        "received": received,
    }
)
