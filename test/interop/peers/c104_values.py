"""c104's typed values from JSON and back."""

import datetime

import c104


def moment(time_ms):
    return None if time_ms is None else datetime.datetime.fromtimestamp(time_ms / 1000, tz=datetime.timezone.utc)


def time_ms(moment_or_none):
    return None if moment_or_none is None else round(moment_or_none.timestamp() * 1000)


def information(type_name, value, quality=(), time=None):
    """The information object of a point in monitor direction; `quality` names the flags that are set."""
    flags = c104.BinaryCounterQuality() if type_name.startswith("M_IT_") else c104.Quality()
    for flag in quality:
        flags = flags | getattr(type(flags), flag)
    rest = {"quality": flags, "recorded_at": moment(time)}
    kind = type_name[:4]
    if kind == "M_SP":
        return c104.SingleInfo(value, **rest)
    if kind == "M_DP":
        return c104.DoubleInfo(getattr(c104.Double, value), **rest)
    if kind == "M_ST":
        return c104.StepInfo(c104.Int7(value), False, **rest)
    if kind == "M_BO":
        return c104.BinaryInfo(c104.Byte32(value), **rest)
    if kind == "M_IT":
        return c104.BinaryCounterInfo(value, c104.UInt5(0), **rest)
    if type_name in ("M_ME_NA_1", "M_ME_TD_1"):
        return c104.NormalizedInfo(c104.NormalizedFloat(value), **rest)
    if type_name in ("M_ME_NB_1", "M_ME_TE_1"):
        return c104.ScaledInfo(c104.Int16(value), **rest)
    if type_name in ("M_ME_NC_1", "M_ME_TF_1"):
        return c104.ShortInfo(value, **rest)
    raise ValueError("no value for " + type_name)


def command(type_name, value, time=None):
    """The information object of a command."""
    recorded_at = moment(time)
    kind = type_name[:4]
    if kind == "C_SC":
        return c104.SingleCmd(value, recorded_at=recorded_at)
    if kind == "C_DC":
        return c104.DoubleCmd(getattr(c104.Double, value), recorded_at=recorded_at)
    if kind == "C_RC":
        return c104.StepCmd(getattr(c104.Step, value), recorded_at=recorded_at)
    if kind == "C_BO":
        return c104.BinaryCmd(c104.Byte32(value), recorded_at=recorded_at)
    if type_name in ("C_SE_NA_1", "C_SE_TA_1"):
        return c104.NormalizedCmd(c104.NormalizedFloat(value), recorded_at=recorded_at)
    if type_name in ("C_SE_NB_1", "C_SE_TB_1"):
        return c104.ScaledCmd(c104.Int16(value), recorded_at=recorded_at)
    if type_name in ("C_SE_NC_1", "C_SE_TC_1"):
        return c104.ShortCmd(value, recorded_at=recorded_at)
    raise ValueError("no value for " + type_name)


def plain(value):
    """A value of c104 as JSON can carry it: enumerations by name, bit strings as the number they are."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (c104.Double, c104.Step)):
        return value.name
    if isinstance(value, c104.Byte32):
        return int.from_bytes(bytes(value), "little")
    if isinstance(value, c104.NormalizedFloat):
        return float(value)
    return int(value)
