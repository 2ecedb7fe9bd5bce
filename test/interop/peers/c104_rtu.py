"""A controlled station (RTU) built on c104, hence on lib60870-C. See jsonlines.py for how a test drives it.

Events: connect {ip}; apdu {dir, hex} for every APDU either way; command {ioa, type, value, select, oa, cot, time};
clock {time}; unexpected {cause, hex}.
"""

import datetime
import threading

import c104

import jsonlines
from c104_tls import transport_security
from c104_values import information, plain, time_ms


class Rtu:
    server = None
    station = None

    def __init__(self):
        self.answers = {}
        self.gates = {}


rtu = Rtu()


def on_connect(server: c104.Server, ip: str) -> bool:
    jsonlines.event("connect", ip=ip)
    return True


def on_receive_raw(server: c104.Server, data: bytes) -> None:
    jsonlines.event("apdu", dir="rx", hex=data.hex())


def on_send_raw(server: c104.Server, data: bytes) -> None:
    jsonlines.event("apdu", dir="tx", hex=data.hex())


def on_unexpected_message(server: c104.Server, message: c104.IncomingMessage, cause: c104.Umc) -> None:
    jsonlines.event("unexpected", cause=cause.name, hex=message.raw.hex())


def on_clock_sync(server: c104.Server, ip: str, date_time: datetime.datetime) -> c104.ResponseState:
    jsonlines.event("clock", time=time_ms(date_time))
    return c104.ResponseState.SUCCESS


def on_command(
    point: c104.Point, previous_info: c104.Information, message: c104.IncomingMessage
) -> c104.ResponseState:
    jsonlines.event(
        "command",
        ioa=point.io_address,
        type=point.type.name,
        value=plain(point.value),
        select=message.is_select_command,
        oa=message.originator_address,
        cot=message.cot.name,
        time=time_ms(message.info.recorded_at),
    )
    gate = rtu.gates.get(point.io_address)
    if gate is not None:
        gate.wait(20)
    return getattr(c104.ResponseState, rtu.answers[point.io_address])


def listen(host, port, ca, points=(), commands=(), max_connections=0, select_timeout_ms=5000, k=12, w=8, tls=None):
    """Open the listener. `commands`: {ioa, type, answer?: SUCCESS|FAILURE, mode?, returns?: ioa of the point whose new
    value is returned with COT 11}."""
    server = c104.Server(
        ip=host,
        port=port,
        tick_rate_ms=50,
        select_timeout_ms=select_timeout_ms,
        max_connections=max_connections,
        transport_security=transport_security(tls),
    )
    server.protocol_parameters.send_window_size = k
    server.protocol_parameters.receive_window_size = w
    server.on_connect(on_connect)
    server.on_receive_raw(on_receive_raw)
    server.on_send_raw(on_send_raw)
    server.on_unexpected_message(on_unexpected_message)
    server.on_clock_sync(on_clock_sync)
    station = server.add_station(ca)
    for described in points:
        point = station.add_point(described["ioa"], getattr(c104.Type, described["type"]))
        if "value" in described:
            point.info = information(described["type"], described["value"])
    for described in commands:
        ioa = described["ioa"]
        point = station.add_point(
            ioa,
            getattr(c104.Type, described["type"]),
            command_mode=getattr(c104.CommandMode, described.get("mode", "DIRECT")),
            related_io_address=described.get("returns"),
            related_io_autoreturn="returns" in described,
        )
        rtu.answers[ioa] = described.get("answer", "SUCCESS")
        point.on_receive(on_command)
    server.start()
    rtu.server, rtu.station = server, station


def send(events, cot="SPONTANEOUS"):
    """Send one ASDU for each of `events` ({ioa, value, quality?, time?}), in their order."""
    for sent in events:
        point = rtu.station.get_point(sent["ioa"])
        point.info = information(point.type.name, sent["value"], sent.get("quality", ()), sent.get("time"))
        if not point.transmit(cause=getattr(c104.Cot, cot)):
            raise RuntimeError("not sent: %r" % sent)


def initialized(coi="LOCAL_POWER_ON"):
    """Send M_EI_NA_1."""
    rtu.station.signal_initialized(cause=getattr(c104.Coi, coi))


def hold(ioa):
    """Do not answer commands on this object before `release`."""
    rtu.gates[ioa] = threading.Event()


def release(ioa):
    rtu.gates.pop(ioa).set()


def connections():
    return {"open": rtu.server.open_connection_count, "active": rtu.server.active_connection_count}


jsonlines.serve(
    {
        "listen": listen,
        "send": send,
        "initialized": initialized,
        "hold": hold,
        "release": release,
        "connections": connections,
    }
)
