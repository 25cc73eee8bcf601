"""Two agents find each other over sockets of the loopback interface and say hello.

    cargo build -p ice-capi --lib
    python3 crates/ice-capi/examples/two_agents.py target/debug/libspool_ice.so
"""
import select
import socket
import sys
import time
from ctypes import (CDLL, Structure, byref, c_char_p, c_size_t, c_ubyte, c_uint16, c_uint32,
                    c_uint64, c_void_p, string_at)


class Address(Structure):
    _fields_ = [("family", c_ubyte), ("port", c_uint16), ("scope", c_uint32), ("ip", c_ubyte * 16)]


class Config(Structure):  # all zero is a valid one
    _fields_ = [("role", c_uint32), ("policy", c_uint32), ("restarts", c_uint32), ("seed", c_void_p),
                ("stun_servers", c_void_p), ("stun_servers_len", c_size_t),
                ("turn_servers", c_void_p), ("turn_servers_len", c_size_t)]


class Output(Structure):
    _fields_ = [("kind", c_uint32), ("event", c_uint32), ("code", c_uint32), ("ttl", c_uint32),
                ("socket", c_uint64), ("at", c_uint64), ("local", Address), ("remote", Address),
                ("bytes", c_void_p), ("bytes_len", c_size_t), ("text", c_char_p)]


WAIT, TRANSMIT, DELIVER, EVENT, BIND = range(5)
CANDIDATE, SELECTED = 0, 7
ice = CDLL(sys.argv[1])
for name in ("local_ufrag", "local_pwd", "explain", "error", "status_text"):
    getattr(ice, "spool_ice_" + name).restype = c_char_p
assert ice.spool_ice_abi_version() == 1


def address(ip, port):
    return Address(4, port, 0, (c_ubyte * 16)(*socket.inet_aton(ip)))


def place(address):
    return socket.inet_ntoa(bytes(address.ip[:4])), address.port


def now():
    return c_uint64(time.monotonic_ns())


class Agent:
    def __init__(self, name, role):
        self.name, self.heard, self.settled, self.agent = name, None, False, c_void_p()
        status = ice.spool_ice_new(byref(Config(role=role)), byref(self.agent))
        assert status == 0, ice.spool_ice_status_text(status)

    def call(self, function, *arguments):
        if getattr(ice, "spool_ice_" + function)(self.agent, *arguments) != 0:
            raise RuntimeError(ice.spool_ice_error(self.agent).decode())

    def text(self, what):
        return getattr(ice, "spool_ice_" + what)(self.agent)

    def meet(self, peer):
        self.peer, (ufrag, pwd) = peer, (peer.text("local_ufrag"), peer.text("local_pwd"))
        self.call("set_remote", now(), ufrag, c_size_t(len(ufrag)), pwd, c_size_t(len(pwd)))

    def start(self):
        self.call("gather", now(), byref(address("127.0.0.1", 0)), c_size_t(1))
        self.drain()

    def act(self, output):
        if output.kind == BIND:
            self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.socket.bind(place(output.local))
            self.local = address(*self.socket.getsockname())
            self.call("socket_opened", now(), c_uint64(output.socket), byref(self.local))
        elif output.kind == TRANSMIT:
            self.socket.sendto(string_at(output.bytes, output.bytes_len), place(output.remote))
        elif output.kind == DELIVER:
            self.heard = string_at(output.bytes, output.bytes_len).decode()
        elif output.kind == EVENT and output.event == CANDIDATE:  # by the application's own server
            self.peer.call("add_remote_candidate", now(), output.text, c_size_t(len(output.text)))
        elif output.kind == EVENT and output.event == SELECTED:
            hello, packet, self.settled = b"hello from " + self.name.encode(), Output(), True
            self.call("send", now(), hello, c_size_t(len(hello)), byref(packet))
            self.act(packet)

    def drain(self):
        output = Output(kind=EVENT, event=2**32 - 1)
        while output.kind != WAIT:
            self.call("poll", byref(output))
            self.act(output)
        return output.at

    def receive(self):
        bytes, remote = self.socket.recvfrom(65535)
        output, at = Output(), (byref(self.local), byref(address(*remote)))
        self.call("receive", now(), *at, bytes, c_size_t(len(bytes)), byref(output))
        self.act(output)


alice, bob = Agent("alice", 0), Agent("bob", 1)
alice.meet(bob)
bob.meet(alice)
alice.start()
bob.start()
end = time.monotonic() + 30
while not all(agent.heard and agent.settled for agent in (alice, bob)):
    assert time.monotonic() < end, alice.text("explain").decode()
    wake = min(alice.drain(), bob.drain())
    wait = min(max(wake - time.monotonic_ns(), 0) / 1e9, 1)
    ready = select.select([alice.socket, bob.socket], [], [], wait)[0]
    for agent in (alice, bob):
        if agent.socket in ready:
            agent.receive()
        agent.call("timeout", now())
for agent in (alice, bob):
    print(f"{agent.name} heard: {agent.heard}")
    print(agent.text("explain").decode())
    ice.spool_ice_free(agent.agent)
