/**
 * The browser's own WebRTC, taken before the page can replace any of it. What runs later calls these, never what stands on
 * `window` then.
 */

const { apply, getOwnPropertyDescriptor } = Reflect;

type Native = (...args: readonly unknown[]) => unknown;

/** A method of an interface as a function of its object; undefined where the browser has none. */
function method(
  of: object | undefined,
  name: string,
): ((self: unknown, args: readonly unknown[]) => unknown) | undefined {
  const value: unknown = of === undefined ? undefined : getOwnPropertyDescriptor(of, name)?.value;
  if (typeof value !== 'function') return undefined;
  return (self, args) => apply(value as Native, self, args);
}

/** An attribute of an interface as a function of its object. */
function attribute(of: object | undefined, name: string): (self: unknown) => unknown {
  const get = of === undefined ? undefined : getOwnPropertyDescriptor(of, name)?.get;
  return (self) => (get === undefined ? undefined : apply(get, self, []));
}

const connection = RTCPeerConnection.prototype;
const dtls = typeof RTCDtlsTransport === 'undefined' ? undefined : RTCDtlsTransport.prototype;
const absent = (): undefined => undefined;

export const natives = {
  Connection: RTCPeerConnection,
  Description: RTCSessionDescription,
  Candidate: RTCIceCandidate,
  IceEvent: RTCPeerConnectionIceEvent,
  connection,
  listen: method(EventTarget.prototype, 'addEventListener') ?? absent,
  dispatch: method(EventTarget.prototype, 'dispatchEvent') ?? absent,
  stop: method(Event.prototype, 'stopImmediatePropagation') ?? absent,
  createOffer: method(connection, 'createOffer') ?? absent,
  createAnswer: method(connection, 'createAnswer') ?? absent,
  setLocal: method(connection, 'setLocalDescription') ?? absent,
  setRemote: method(connection, 'setRemoteDescription') ?? absent,
  addCandidate: method(connection, 'addIceCandidate') ?? absent,
  getStats: method(connection, 'getStats') ?? absent,
  getSenders: method(connection, 'getSenders') ?? absent,
  getReceivers: method(connection, 'getReceivers') ?? absent,
  getConfiguration: method(connection, 'getConfiguration') ?? absent,
  remoteCertificates: method(dtls, 'getRemoteCertificates') ?? absent,
  localDescription: attribute(connection, 'localDescription'),
  remoteDescription: attribute(connection, 'remoteDescription'),
  signalingState: attribute(connection, 'signalingState'),
  iceGatheringState: attribute(connection, 'iceGatheringState'),
  iceConnectionState: attribute(connection, 'iceConnectionState'),
  connectionState: attribute(connection, 'connectionState'),
  sctp: attribute(connection, 'sctp'),
  setTimeout: window.setTimeout.bind(window),
  setInterval: window.setInterval.bind(window),
  clearInterval: window.clearInterval.bind(window),
  Weak: WeakRef,
};

/** A description's type and text, from whatever the page or the browser hands over; undefined when it is none. */
export function readWords(value: unknown): { readonly type: string; readonly sdp: string } | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { type, sdp } = value as { readonly type?: unknown; readonly sdp?: unknown };
  return typeof type === 'string' ? { type, sdp: typeof sdp === 'string' ? sdp : '' } : undefined;
}
