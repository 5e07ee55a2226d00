"""One exchange over HTTP/2, with the server's SETTINGS."""

from __future__ import annotations

from collections.abc import Sequence

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings

from lab.wire.connection import Connection
from lab.wire.record import Recorder

NAMES: dict[int, str] = {
    h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS: "MAX_CONCURRENT_STREAMS",
    h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: "INITIAL_WINDOW_SIZE",
    h2.settings.SettingCodes.MAX_FRAME_SIZE: "MAX_FRAME_SIZE",
    h2.settings.SettingCodes.MAX_HEADER_LIST_SIZE: "MAX_HEADER_LIST_SIZE",
    h2.settings.SettingCodes.ENABLE_CONNECT_PROTOCOL: "ENABLE_CONNECT_PROTOCOL",
}
"""The settings that are recorded, by their names in RFC 9113 and RFC 8441."""


async def exchange(
    connection: Connection, record: Recorder, method: str, fields: Sequence[tuple[str, str]], until: float
) -> None:
    """Send a request and record the answer until it ends, or the moment `until` (s, monotonic) has come."""
    protocol = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding="utf-8"))
    protocol.initiate_connection()
    stream = protocol.get_next_available_stream_id()
    pseudo = [
        (":method", method),
        (":scheme", record.address.scheme),
        (":authority", record.address.authority),
        (":path", record.address.target),
    ]
    try:
        protocol.send_headers(stream, [*pseudo, *((name.lower(), value) for name, value in fields)], end_stream=True)
    except (h2.exceptions.ProtocolError, UnicodeEncodeError):  # It may have a secret.
        record.failed("the request can't be sent: a field of its header is not allowed")
        return
    connection.write(protocol.data_to_send())
    try:
        while (read := await connection.read(until)) is not None:
            at, data = read
            go_on = take(protocol, record, at, protocol.receive_data(data))
            connection.write(protocol.data_to_send())
            if not go_on:
                return
        record.failed(connection.lost or "the server closed the connection")
    except TimeoutError:
        return
    except (h2.exceptions.ProtocolError, UnicodeDecodeError) as error:
        record.failed(f"the answer is no HTTP/2: {error or type(error).__name__}")


def take(protocol: h2.connection.H2Connection, record: Recorder, at: float, events: Sequence[h2.events.Event]) -> bool:
    """Take what one read brought. False at the end of the answer, or when enough has been seen."""
    body = bytearray()
    over = False
    for event in events:
        match event:
            case h2.events.RemoteSettingsChanged():
                for code, change in event.changed_settings.items():
                    if code in NAMES:
                        record.settings[NAMES[code]] = change.new_value
            case h2.events.ResponseReceived():
                headers = [(str(name), str(value)) for name, value in event.headers or ()]
                status = next((value for name, value in headers if name == ":status"), "0")
                record.head(at, int(status) if status.isdigit() else 0, "2", headers)
            case h2.events.DataReceived():
                body += event.data or b""
                protocol.acknowledge_received_data(event.flow_controlled_length or 0, event.stream_id)
            case h2.events.StreamEnded():
                over = True
            case h2.events.StreamReset():
                record.failed(f"the server reset the stream: {code_name(event.error_code)}")
            case h2.events.ConnectionTerminated():
                record.failed(f"the server ended the connection: {code_name(event.error_code)}")
            case _:
                pass
    go_on = record.body(at, bytes(body)) if body else True
    if over:
        record.ended(at)
    return go_on and not over and record.error is None


def code_name(code: int | None) -> str:
    """The name of an error code of HTTP/2 (RFC 9113, section 7)."""
    try:
        return h2.errors.ErrorCodes(code or 0).name
    except ValueError:
        return f"code {code}"
