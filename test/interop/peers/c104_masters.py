"""A control centre of many connections built on c104, hence on lib60870-C: one to each RTU. See jsonlines.py for how a test
drives it. What it received is asked for with `received`, not told as events: there is much of it.
"""

import threading

import c104

import jsonlines
from c104_values import command as command_information
from c104_values import plain, time_ms


class Centre:
    client = None
    connections = {}
    received = {}
    lock = threading.Lock()


centre = Centre()


def on_new_station(client: c104.Client, connection: c104.Connection, common_address: int) -> None:
    connection.add_station(common_address)


def on_new_point(client: c104.Client, station: c104.Station, io_address: int, point_type: c104.Type) -> None:
    station.add_point(io_address, point_type).on_receive(on_point)


def on_point(
    point: c104.Point, previous_info: c104.Information, message: c104.IncomingMessage
) -> c104.ResponseState:
    info = message.info
    row = {
        "ioa": point.io_address,
        "type": point.type.name,
        "value": plain(info.value),
        "quality": int(info.quality),
        "time": time_ms(info.recorded_at),
        "cot": message.cot.name,
    }
    with centre.lock:
        centre.received.setdefault(point.station.common_address, []).append(row)
    return c104.ResponseState.SUCCESS


def connect(host, rtus):
    """`rtus`: [{port, ca}]."""
    client = c104.Client(tick_rate_ms=50, command_timeout_ms=10000)
    client.on_new_station(on_new_station)
    client.on_new_point(on_new_point)
    centre.client = client
    for rtu in rtus:
        connection = client.add_connection(ip=host, port=rtu["port"], init=c104.Init.MUTED)
        connection.add_station(rtu["ca"])
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
    """Everything since the last call, by RTU number."""
    with centre.lock:
        taken, centre.received = centre.received, {}
    return {str(ca): rows for ca, rows in taken.items()}


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
