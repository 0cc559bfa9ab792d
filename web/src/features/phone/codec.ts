// Which codec our voice goes in. Browsers send what stands first in the answer and take all that stand there, so the same answer is
// given again with another one first; the server needs no new offer for it, and the sound goes on. (Chromium and Firefox; setParameters
// with a codec is Chromium's alone.)
export async function prefer(peer: RTCPeerConnection, payload: number) {
  const answer = peer.currentRemoteDescription;
  if (!answer || peer.signalingState !== 'stable') return;
  const sdp = withFirst(answer.sdp, payload);
  if (sdp === answer.sdp) return;
  await peer.setLocalDescription(await peer.createOffer());
  await peer.setRemoteDescription({ type: 'answer', sdp });
}

// The SDP with this payload type first in its audio line, or as it was when the line does not have it (RFC 8866 §5.14).
export function withFirst(sdp: string, payload: number): string {
  return sdp.replace(/^(m=audio \d+ \S+) ([\d ]+)/m, (line, head: string, list: string) => {
    const formats = list.trim().split(' ');
    const first = String(payload);
    return formats.includes(first) ? [head, first, ...formats.filter((each) => each !== first)].join(' ') : line;
  });
}
