// What the browser answers to many offers, each in a peer connection of its own.

const PATIENCE_MS = 5000;

/** A new peer connection. A browser allows only so many of them, the forgotten ones included. */
const connection = async () => {
  for (;;) {
    try {
      return new RTCPeerConnection();
    } catch (error) {
      if (!/too many|cannot create so many/i.test(String(error))) throw error;
      await new Promise((done) => setTimeout(done, 50));
    }
  }
};

const answer = async (pc, { sdp, way }) => {
  await pc.setRemoteDescription({ type: "offer", sdp });
  for (const transceiver of way ? pc.getTransceivers() : []) {
    const stopped = [transceiver.direction, transceiver.currentDirection].includes("stopped");
    if (!stopped && !transceiver.stopped) transceiver.direction = way;
  }
  return { sdp: (await pc.createAnswer()).sdp };
};

const answers = async (offers) => {
  const all = [];
  for (const offer of offers) {
    const pc = await connection();
    const late = new Promise((done) =>
      setTimeout(() => done({ error: "no answer in time" }), PATIENCE_MS),
    );
    const refused = (error) => ({ error: String(error) });
    all.push(await Promise.race([answer(pc, offer).catch(refused), late]));
    pc.close();
  }
  return all;
};

const ownOffer = async () => {
  const pc = await connection();
  for (const kind of ["audio", "video"]) pc.addTransceiver(kind);
  pc.createDataChannel("x");
  const { sdp } = await pc.createOffer();
  pc.close();
  return sdp;
};
