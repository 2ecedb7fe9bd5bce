"""A controlling station (master) built on c104, hence on lib60870-C. See jsonlines.py for how a test drives it.

Events: state {state}; apdu {dir, hex} for every APDU either way; point {ioa, type, value, quality, time, cot} for every
object received; initialized {ca, coi}; unexpected {cause, hex}.

It never sends STARTDT by itself, neither at first nor after a reconnection: the test says `startdt`.
"""

import c104

import jsonlines
from c104_values import command as command_information
from c104_values import plain, time_ms


class Master:
    client = None
    connection = None
    oa = 0


master = Master()


def on_state_change(connection: c104.Connection, state: c104.ConnectionState) -> None:
    jsonlines.event("state", state=state.name)


def on_receive_raw(connection: c104.Connection, data: bytes) -> None:
    jsonlines.event("apdu", dir="rx", hex=data.hex())


def on_send_raw(connection: c104.Connection, data: bytes) -> None:
    jsonlines.event("apdu", dir="tx", hex=data.hex())


def on_unexpected_message(connection: c104.Connection, message: c104.IncomingMessage, cause: c104.Umc) -> None:
    jsonlines.event("unexpected", cause=cause.name, hex=message.raw.hex())


def on_new_station(client: c104.Client, connection: c104.Connection, common_address: int) -> None:
    connection.add_station(common_address)


def on_new_point(client: c104.Client, station: c104.Station, io_address: int, point_type: c104.Type) -> None:
    station.add_point(io_address, point_type).on_receive(on_point)


def on_point(
    point: c104.Point, previous_info: c104.Information, message: c104.IncomingMessage
) -> c104.ResponseState:
    # The information of the message, not of the point: a later event may already have overwritten the latter.
    info = message.info
    jsonlines.event(
        "point",
        ioa=point.io_address,
        type=point.type.name,
        value=plain(info.value),
        quality=int(info.quality),
        time=time_ms(info.recorded_at),
        cot=message.cot.name,
    )
    return c104.ResponseState.SUCCESS


def on_station_initialized(client: c104.Client, station: c104.Station, cause: c104.Coi) -> None:
    jsonlines.event("initialized", ca=station.common_address, coi=cause.name)


def connect(host, port, oa=0, command_timeout_ms=10000, k=12, w=8):
    """Begin to connect; c104 then tries once a second for as long as the process lives."""
    client = c104.Client(tick_rate_ms=50, command_timeout_ms=command_timeout_ms)
    client.originator_address = oa
    client.on_new_station(on_new_station)
    client.on_new_point(on_new_point)
    client.on_station_initialized(on_station_initialized)
    # MUTED: with the other values c104 sends STARTDT act from its own thread, now and then never.
    connection = client.add_connection(ip=host, port=port, init=c104.Init.MUTED)
    connection.protocol_parameters.send_window_size = k
    connection.protocol_parameters.receive_window_size = w
    connection.on_state_change(on_state_change)
    connection.on_receive_raw(on_receive_raw)
    connection.on_send_raw(on_send_raw)
    connection.on_unexpected_message(on_unexpected_message)
    master.client, master.connection, master.oa = client, connection, oa
    client.start()


def state():
    return master.connection.state.name


def _station(ca):
    return master.connection.get_station(ca) or master.connection.add_station(ca)


def command(ca, ioa, type, value, select=False, time=None):
    """True when the RTU confirmed it. Afterwards the point is forgotten, so that another type may use the address."""
    station = _station(ca)
    station.remove_point(ioa)
    mode = c104.CommandMode.SELECT_AND_EXECUTE if select else c104.CommandMode.DIRECT
    point = station.add_point(ioa, getattr(c104.Type, type), command_mode=mode)
    point.info = command_information(type, value, time)
    return point.transmit(cause=c104.Cot.ACTIVATION)


def read(ca, ioa, type):
    station = _station(ca)
    point = station.get_point(ioa)
    if point is None:
        point = station.add_point(ioa, getattr(c104.Type, type))
        point.on_receive(on_point)
    return point.read()


def disconnect():
    master.connection.disconnect()


jsonlines.serve(
    {
        "connect": connect,
        "state": state,
        "startdt": lambda: master.connection.unmute(),
        "stopdt": lambda: master.connection.mute(),
        "gi": lambda ca, qoi="STATION": master.connection.interrogation(ca, qualifier=getattr(c104.Qoi, qoi)),
        "counters": lambda ca: master.connection.counter_interrogation(ca),
        "clock": lambda ca: master.connection.clock_sync(ca),
        "test": lambda ca, with_time=True: master.connection.test(ca, with_time=with_time),
        "command": command,
        "read": read,
        "disconnect": disconnect,
    }
)
