"""A peer made of aioice, with the command line of `spool offer` and `spool answer`.

Descriptions are SDP files. Once connected, each line of standard input goes out as one datagram, and
each datagram that arrives is printed as a line. Events are JSON lines on standard error.
"""

import argparse
import asyncio
import json
import os
import secrets
import sys

import aioice

MEDIA = "UDP/DTLS/SCTP webrtc-datachannel"


def host_port(text):
    host, port = text.rsplit(":", 1)
    return host, int(port)


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("role", choices=["offer", "answer"])
    parser.add_argument("--out", required=True)
    parser.add_argument("--in", dest="input", required=True)
    parser.add_argument("--stun", type=host_port)
    parser.add_argument("--turn", type=host_port)
    parser.add_argument("--user")
    parser.add_argument("--password")
    parser.add_argument("--timeout", type=float, default=60)
    parser.add_argument("--linger", type=float, default=2)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def event(name, **fields):
    print(json.dumps({"event": name, **fields}), file=sys.stderr, flush=True)


def describe(connection, role):
    """A complete description of one data channel."""
    # Nothing here speaks DTLS; the line has to be there, for a receiver that wants one.
    fingerprint = ":".join(f"{byte:02X}" for byte in secrets.token_bytes(32))
    lines = [
        "v=0",
        f"o=- {secrets.randbits(62)} 2 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE 0",
        f"m=application 9 {MEDIA}",
        "c=IN IP4 0.0.0.0",
        "a=mid:0",
        f"a=ice-ufrag:{connection.local_username}",
        f"a=ice-pwd:{connection.local_password}",
        f"a=fingerprint:sha-256 {fingerprint}",
        f"a=setup:{'actpass' if role == 'offer' else 'active'}",
        "a=sctp-port:5000",
        *(f"a=candidate:{candidate.to_sdp()}" for candidate in connection.local_candidates),
        "a=end-of-candidates",
    ]
    return "".join(f"{line}\r\n" for line in lines)


def write_whole(path, text):
    with open(f"{path}.part", "w", newline="") as file:
        file.write(text)
    os.replace(f"{path}.part", path)


async def read_description(path):
    while not os.path.exists(path):
        await asyncio.sleep(0.05)
    with open(path, newline="") as file:
        return file.read()


async def take(connection, text):
    """Gives the other side's description to the connection."""
    if MEDIA not in text:
        raise ValueError(f"no data channel in the description:\n{text}")
    for line in text.splitlines():
        name, _, value = line.partition(":")
        if name == "a=ice-ufrag":
            connection.remote_username = value
        elif name == "a=ice-pwd":
            connection.remote_password = value
        elif name == "a=candidate":
            await connection.add_remote_candidate(aioice.Candidate.from_sdp(value))
    await connection.add_remote_candidate(None)


async def receive(connection):
    while True:
        try:
            datagram = await connection.recv()
        except ConnectionError:
            return
        print(datagram.decode(), flush=True)


async def converse(connection, linger):
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
    receiving = asyncio.create_task(receive(connection))
    while line := await reader.readline():
        await connection.send(line.rstrip(b"\n"))
    await asyncio.sleep(linger)
    await connection.close()
    await receiving


def end(candidate):
    return {"type": candidate.type, "address": f"{candidate.host}:{candidate.port}"}


async def main():
    options = arguments()
    connection = aioice.Connection(
        ice_controlling=options.role == "offer",
        stun_server=options.stun,
        turn_server=options.turn,
        turn_username=options.user,
        turn_password=options.password,
        use_ipv6=False,
    )
    if options.role == "answer":
        await take(connection, await read_description(options.input))
    await connection.gather_candidates()
    write_whole(options.out, describe(connection, options.role))
    event("described", candidates=[c.to_sdp() for c in connection.local_candidates])
    if options.role == "offer":
        await take(connection, await read_description(options.input))
    try:
        await asyncio.wait_for(connection.connect(), options.timeout)
    except (ConnectionError, asyncio.TimeoutError) as error:
        event("failed", reason=repr(error))
        return 2
    pair = connection._nominated[1]
    event("connected", local=end(pair.local_candidate), remote=end(pair.remote_candidate))
    await converse(connection, options.linger)
    return 0


sys.exit(asyncio.run(main()))
