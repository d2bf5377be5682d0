/**
 * The sans-IO DTLS endpoint. `createEndpoint` puts an association (records, flights, time) and a handshake (version and
 * role) together; the rest of dtlscope uses what is exported here.
 */
import type { Endpoint, EndpointConfig, Environment } from './api.ts';
import { Association } from './association.ts';
import { startClient } from './client.ts';
import { checkConfig } from './config.ts';
import { startServer } from './server.ts';
import { srtpKeysOf } from './srtp.ts';

export type * from './api.ts';
export { canRun, checkConfig, defaultConfig, leastMtu } from './config.ts';
export { alertFor, type DropReason, type Failure } from './failure.ts';
export { always, expected, type Machine, type Row, type Signal } from './machine.ts';
export { client12, client13, clientOpening, server12, server13, serverOpening } from './states.ts';

/** An endpoint, with what only tests and the curious ask. */
export interface InspectableEndpoint extends Endpoint {
  /** Bytes kept on behalf of a peer that has proved nothing yet; bounded by `limits`. */
  readonly held: number;
}

/**
 * One side of one DTLS association. Nothing happens until the `start` input. Throws a `RangeError` that names the setting
 * when no endpoint could work with the configuration.
 */
export function createEndpoint(config: EndpointConfig, env: Environment): InspectableEndpoint {
  checkConfig(config);
  const house = new Association(config, env);
  house.run(config.role === 'client' ? startClient(house) : startServer(house));
  return {
    role: config.role,
    get state() {
      return house.state;
    },
    get unacknowledged() {
      return house.unacknowledged;
    },
    get held() {
      return house.held;
    },
    handle: (input, now) => house.handle(input, now),
    poll: () => house.poll(),
    exportKeyingMaterial: (label, context, length) => house.connected?.export(label, context, length),
    srtpKeys: () => house.connected && srtpKeysOf(house.connected),
  };
}
