// Two agents inside a WebAssembly module find each other and say hello: over a network in memory that takes
// 25 ms, in virtual time.
//
//   cargo build -p ice-capi --lib --target wasm32-unknown-unknown
//   node crates/ice-capi/examples/two_agents.mjs target/wasm32-unknown-unknown/debug/spool_ice.wasm
import { readFileSync } from "node:fs";

const { instance } = await WebAssembly.instantiate(readFileSync(process.argv[2]));
const ice = instance.exports;
const MS = 1_000_000n;
const ADDRESS_LEN = 24, CONFIG_LEN = 32, OUTPUT_LEN = 96; // as spool_ice.h has them where pointers take 4 bytes
const [WAIT, TRANSMIT, DELIVER, EVENT, BIND] = [0, 1, 2, 3, 4];
const [CANDIDATE, SELECTED] = [0, 7];

const memory = () => new DataView(ice.memory.buffer); // anew each time: memory may have grown
const bytesAt = (at, len) => new Uint8Array(ice.memory.buffer, at, len);
const textAt = (at) => {
  const bytes = new Uint8Array(ice.memory.buffer);
  return new TextDecoder().decode(bytes.slice(at, bytes.indexOf(0, at)));
};
// Lends a copy of `bytes` to a call.
const lend = (bytes, call) => {
  const at = ice.spool_ice_alloc(bytes.length);
  bytesAt(at, bytes.length).set(bytes);
  try {
    return call(at, bytes.length);
  } finally {
    ice.spool_ice_dealloc(at, bytes.length);
  }
};
const lendText = (text, call) => lend(new TextEncoder().encode(text), call);

let now = 1000n * MS;
const wire = [];
const output = ice.spool_ice_alloc(OUTPUT_LEN);

class Agent {
  constructor(name, role, ip) {
    Object.assign(this, { name, ip, wake: 0n, settled: false, heard: null });
    const config = new DataView(new ArrayBuffer(CONFIG_LEN));
    config.setUint32(0, role, true);
    const status = lend(crypto.getRandomValues(new Uint8Array(32)), (seed) => {
      config.setUint32(12, seed, true);
      return lend(new Uint8Array(config.buffer), (config) => ice.spool_ice_new(config, output));
    });
    if (status !== 0) throw new Error(textAt(ice.spool_ice_status_text(status)));
    this.agent = memory().getUint32(output, true);
  }

  call(name, ...rest) {
    if (ice[`spool_ice_${name}`](this.agent, ...rest) !== 0) throw new Error(this.text("error"));
  }

  text(name) {
    return textAt(ice[`spool_ice_${name}`](this.agent));
  }

  meet(peer) {
    this.peer = peer;
    lendText(peer.text("local_ufrag"), (ufrag, ufragLen) =>
      lendText(peer.text("local_pwd"), (pwd, pwdLen) =>
        this.call("set_remote", now, ufrag, ufragLen, pwd, pwdLen)));
    this.call("set_remote_pacing", now, 5);
  }

  start() {
    const address = Uint8Array.from([4, 0, 0, 0, 0, 0, 0, 0, ...this.ip, ...Array(12).fill(0)]);
    lend(address, (address) => this.call("gather", now, address, 1));
    this.drain();
  }

  // Does what `output` says.
  act() {
    const view = memory();
    const [kind, event] = [view.getUint32(output, true), view.getUint32(output + 4, true)];
    const [bytes, len] = [view.getUint32(output + 80, true), view.getUint32(output + 84, true)];
    const [local, remote] = [output + 32, output + 32 + ADDRESS_LEN];
    if (kind === WAIT) {
      this.wake = view.getBigUint64(output + 24, true);
    } else if (kind === BIND) {
      view.setUint16(local + 2, 5000, true);
      this.call("socket_opened", now, view.getBigUint64(output + 16, true), local);
    } else if (kind === TRANSMIT) {
      const [from, into] = [local, remote].map((at) => bytesAt(at, ADDRESS_LEN).slice());
      wire.push({ at: now + 25n * MS, to: this.peer, from, into, bytes: bytesAt(bytes, len).slice() });
    } else if (kind === DELIVER) {
      this.heard = new TextDecoder().decode(bytesAt(bytes, len));
      console.log(`${this.name} heard: ${this.heard}`);
    } else if (kind === EVENT && event === CANDIDATE) { // would go over the application's own server
      lendText(textAt(view.getUint32(output + 88, true)), (text, len) =>
        this.peer.call("add_remote_candidate", now, text, len));
    } else if (kind === EVENT && event === SELECTED) {
      this.settled = true;
      console.log(`${this.name} settled after ${now / MS - 1000n} ms`);
      lendText(`hello from ${this.name}`, (data, len) => {
        this.call("send", now, data, len, output);
        this.act();
      });
    }
    return kind;
  }

  drain() {
    do this.call("poll", output);
    while (this.act() !== WAIT);
  }

  receive({ from, into, bytes }) {
    lend(into, (local) => lend(from, (remote) => lend(bytes, (bytes, len) => {
      this.call("receive", now, local, remote, bytes, len, output);
      this.act();
    })));
  }
}

const agents = [new Agent("alice", 0, [192, 0, 2, 1]), new Agent("bob", 1, [192, 0, 2, 2])];
agents.forEach((agent, i) => agent.meet(agents[1 - i]));
agents.forEach((agent) => agent.start());
// Time passes from one thing to the next.
while (!agents.every((agent) => agent.settled && agent.heard)) {
  agents.forEach((agent) => agent.drain());
  const next = agents[0].wake < agents[1].wake ? agents[0].wake : agents[1].wake;
  if (wire.length > 0 && wire[0].at <= next) {
    const packet = wire.shift();
    now = packet.at;
    packet.to.receive(packet);
  } else {
    now = next;
  }
  agents.forEach((agent) => agent.call("timeout", now));
}
agents.forEach((agent) => ice.spool_ice_free(agent.agent));
