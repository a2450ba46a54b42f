"""Captures the TCP payloads of one port as they leave and enter this network namespace, with a raw packet socket.

Needs CAP_NET_RAW and root; runs beside a backend in its pod. Loopback is left out: behind the proxy, plaintext is
as it should be. Prints {"ready": true}, captures until a line or the end of standard input, then prints
{"packets": n, "flows": {"<source>><target>": base64 of the bytes in order of arrival}, "truncated": bool}.
"""

from __future__ import annotations

import argparse
import base64
import json
import select
import socket
import struct
import sys
import time

ETH_P_ALL = 0x0003
ETH_P_IP = 0x0800
PROTOCOL_TCP = 6
LIMIT_BYTES = 1_000_000


def parse_tcp(packet: bytes) -> tuple[str, int, str, int, int, bytes] | None:
    """(source, port, target, port, sequence number, payload) of an IPv4 TCP packet without its link header."""
    if len(packet) < 40 or packet[0] >> 4 != 4 or packet[9] != PROTOCOL_TCP:
        return None
    header = (packet[0] & 0x0F) * 4
    total = struct.unpack("!H", packet[2:4])[0]
    source, target = socket.inet_ntoa(packet[12:16]), socket.inet_ntoa(packet[16:20])
    source_port, target_port, sequence = struct.unpack("!HHI", packet[header : header + 8])
    offset = (packet[header + 12] >> 4) * 4
    return source, source_port, target, target_port, sequence, packet[header + offset : total]


class Capture:
    """Payloads of one TCP port by flow; a segment seen twice (retransmission) is kept once."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.packets = 0
        self.size = 0
        self.flows: dict[str, bytearray] = {}
        self._seen: set[tuple[str, int, int]] = set()

    def add(self, packet: bytes) -> None:
        """Take one IP packet into account if it is of the port and carries payload."""
        parsed = parse_tcp(packet)
        if parsed is None:
            return
        source, source_port, target, target_port, sequence, payload = parsed
        if not payload or self.port not in (source_port, target_port):
            return
        flow = f"{source}:{source_port}>{target}:{target_port}"
        if (flow, sequence, len(payload)) in self._seen or self.size > LIMIT_BYTES:
            return
        self._seen.add((flow, sequence, len(payload)))
        self.packets += 1
        self.size += len(payload)
        self.flows.setdefault(flow, bytearray()).extend(payload)

    def result(self) -> dict[str, object]:
        """What was captured, ready for JSON."""
        flows = {flow: base64.b64encode(content).decode() for flow, content in self.flows.items()}
        return {"packets": self.packets, "flows": flows, "truncated": self.size > LIMIT_BYTES}


def main() -> None:
    """Capture between "ready" and the next line on standard input, 60 s at most by default."""
    parser = argparse.ArgumentParser(description="payload sniffer")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--limit", type=float, default=60.0)
    options = parser.parse_args()
    capture = Capture(options.port)
    # SOCK_DGRAM leaves the link header off; ETH_P_ALL also sees what this side sends.
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL)) as packets:
        packets.setblocking(False)
        print(json.dumps({"ready": True}), flush=True)
        deadline = time.monotonic() + options.limit
        while (left := deadline - time.monotonic()) > 0:
            readable, _, _ = select.select([packets, sys.stdin], [], [], left)
            if packets in readable:
                content, (interface, protocol, *_) = packets.recvfrom(65536)
                if interface != "lo" and protocol == ETH_P_IP:
                    capture.add(content)
            elif sys.stdin in readable:
                break
    print(json.dumps(capture.result()), flush=True)


if __name__ == "__main__":
    main()
