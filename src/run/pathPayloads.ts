/**
 * UDP payloads that usual paths carry, for stepping down when the network says "too big" and the system does not pass on
 * how big: the largest UDP payload, jumbo frames, Ethernet, PPPoE, tunnels, the IPv6 minimum, and older ones (RFC 1191 §7.1).
 */
const payloads = [65_507, 8972, 1472, 1452, 1432, 1400, 1232, 1164, 978, 548, 480, 268, 228, 128] as const;
const least = 64;

/** The next payload to try after one of `size` bytes was too big for the path. */
export const smallerPayload = (size: number): number => payloads.find((payload) => payload < size) ?? least;
