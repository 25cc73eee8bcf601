// Two peer connections, both forced to relay, open a data channel through a TURN server. The body of a
// function; what it is to do stands in the object `wanted`: turn, user, password, count, size.

function peer() {
  const server = {
    urls: wanted.turn,
    username: wanted.user,
    credential: wanted.password,
  };
  return new RTCPeerConnection({ iceServers: [server], iceTransportPolicy: "relay" });
}

// A description with all candidates, as if it had been copied and pasted.
async function complete(connection, description) {
  await connection.setLocalDescription(description);
  if (connection.iceGatheringState !== "complete") {
    await new Promise((resolve) => {
      connection.addEventListener("icegatheringstatechange", () => {
        if (connection.iceGatheringState === "complete") resolve();
      });
    });
  }
  return connection.localDescription;
}

function received(channel, name) {
  return new Promise((resolve, reject) => {
    let messages = 0;
    channel.onmessage = ({ data }) => {
      messages += 1;
      if (data.length !== wanted.size) reject(new Error(`${name}: a message of ${data.length}`));
      if (messages === wanted.count) resolve(messages);
    };
    channel.onclose = () => reject(new Error(`${name}: closed after ${messages}`));
  });
}

// One message at a time, or the browser would bundle several into one datagram.
async function send(channel) {
  for (let sent = 0; sent < wanted.count; sent += 1) {
    channel.send("x".repeat(wanted.size));
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function selected(connection) {
  const stats = await connection.getStats();
  const transport = [...stats.values()].find((entry) => entry.type === "transport");
  const pair = stats.get(transport.selectedCandidatePairId);
  const local = stats.get(pair.localCandidateId);
  const remote = stats.get(pair.remoteCandidateId);
  return {
    local: local.candidateType,
    remote: remote.candidateType,
    relayProtocol: local.relayProtocol,
  };
}

async function run() {
  const [left, right] = [peer(), peer()];
  const channel = left.createDataChannel("interop");
  const open = new Promise((resolve) => { channel.onopen = resolve; });
  const other = new Promise((resolve) => { right.ondatachannel = (e) => resolve(e.channel); });
  for (const connection of [left, right]) {
    connection.onicecandidateerror = (e) => console.log(`candidate error ${e.errorCode} ${e.errorText}`);
    connection.oniceconnectionstatechange = () => console.log(`ice ${connection.iceConnectionState}`);
  }
  await right.setRemoteDescription(await complete(left, await left.createOffer()));
  await left.setRemoteDescription(await complete(right, await right.createAnswer()));
  await open;
  const answering = await other;
  const all = Promise.all([received(answering, "right"), received(channel, "left")]);
  await Promise.all([send(channel), send(answering)]);
  const [there, back] = await all;
  return { there, back, pairs: [await selected(left), await selected(right)] };
}

const limit = new Promise((_, reject) => {
  setTimeout(() => reject(new Error("no data channel in 30 s")), 30000);
});
return Promise.race([run(), limit]);
