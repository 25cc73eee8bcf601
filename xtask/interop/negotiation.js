// One peer connection that xtask drives step by step, and what it thinks was agreed.

globalThis.open = (configuration) => {
  globalThis.pc?.close();
  globalThis.pc = new RTCPeerConnection(configuration);
};

globalThis.offer = async () => {
  await pc.setLocalDescription(await pc.createOffer());
  return pc.localDescription.sdp;
};

globalThis.answer = async (type) => {
  const { sdp } = await pc.createAnswer();
  await pc.setLocalDescription({ type, sdp });
  return pc.localDescription.sdp;
};

const name = ({ payloadType, mimeType, clockRate }) =>
  `${payloadType} ${mimeType.split("/")[1]}/${clockRate}`.toLowerCase();

globalThis.report = () => {
  const transports = [];
  const place = (transport) => {
    if (!transport) return null;
    const known = transports.indexOf(transport);
    return known < 0 ? transports.push(transport) - 1 : known;
  };
  const transceivers = pc.getTransceivers().map((transceiver) => {
    const { sender, receiver } = transceiver;
    const parameters = sender.getParameters();
    return {
      mid: transceiver.mid,
      kind: receiver.track.kind,
      direction: transceiver.currentDirection,
      transport: place(sender.transport),
      sends: parameters.codecs.map(name),
      receives: receiver.getParameters().codecs.map(name),
      extensions: parameters.headerExtensions.map(({ id, uri }) => `${id} ${uri}`),
      rids: parameters.encodings.map(({ rid }) => rid).filter((rid) => rid !== undefined),
    };
  });
  return {
    state: pc.signalingState,
    local: pc.localDescription?.sdp ?? "",
    remote: pc.remoteDescription?.sdp ?? "",
    transceivers,
    data: pc.sctp && {
      transport: place(pc.sctp.transport),
      sendsUpTo: pc.sctp.maxMessageSize,
      takesUpTo: Number(/^a=max-message-size:(\d+)/m.exec(pc.localDescription.sdp)?.[1]),
    },
  };
};
