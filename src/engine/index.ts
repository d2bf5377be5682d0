/**
 * The sans-IO DTLS endpoint. `createEndpoint` puts an association (records, flights, time) and a handshake (version and
 * role) together; the rest of dtlscope uses what is exported here.
 */
import type { Instant } from '../base/time.ts';
import type { EndpointConfig, Environment, Input, InspectableEndpoint, Output, Role, SrtpKeys } from './api.ts';
import { Association } from './association.ts';
import { startClient } from './client.ts';
import { checkConfig, withSpokenVersions } from './config.ts';
import { Restarting, replacesItself } from './restarting.ts';
import { startServer } from './server.ts';
import { srtpKeysOf } from './srtp.ts';

export type * from './api.ts';
export { canRun, checkConfig, defaultConfig, isWeakSuite, leastMtu } from './config.ts';
export { alertFor, type DropReason, type Failure } from './failure.ts';
export { ownHelloShape } from './hello.ts';
export { always, expected, type Machine, type Row, type Signal } from './machine.ts';
export { client12, client13, clientOpening, server12, server13, serverOpening } from './states.ts';

/**
 * One side of one DTLS association. Nothing happens until the `start` input. Throws a `RangeError` that names the setting
 * when no endpoint could work with the configuration.
 */
export function createEndpoint(config: EndpointConfig, env: Environment): InspectableEndpoint {
  checkConfig(config);
  const spoken = withSpokenVersions(config);
  const make = (role: Role): InspectableEndpoint => associate(role === spoken.role ? spoken : { ...spoken, role }, env);
  return replacesItself(config) ? new Restarting(config, make) : make(playedBy(config));
}

function associate(config: EndpointConfig, env: Environment): InspectableEndpoint {
  const house = new Association(config, env);
  house.run(config.role === 'client' ? startClient(house) : startServer(house));
  return new AssociationEndpoint(config.role, house);
}

/** The role that an endpoint takes: its own, unless it is to play the other's part. */
const playedBy = ({ role, faults }: EndpointConfig): Role =>
  faults?.plays !== 'other-role' ? role : role === 'client' ? 'server' : 'client';

/**
 * A class and not an object literal: V8 gives each literal with a getter a hidden class of its own, which holds its
 * association until the next full collection and makes every call on an endpoint a slow one.
 */
class AssociationEndpoint implements InspectableEndpoint {
  readonly role: Role;
  readonly #house: Association;

  constructor(role: Role, house: Association) {
    this.role = role;
    this.#house = house;
  }

  get state(): string {
    return this.#house.state;
  }
  get unacknowledged(): boolean {
    return this.#house.unacknowledged;
  }
  get held(): number {
    return this.#house.held;
  }
  mostData(aboveMtu: boolean): number | undefined {
    return this.#house.mostData(aboveMtu);
  }
  handle(input: Input, now: Instant): void {
    this.#house.handle(input, now);
  }
  poll(): Output {
    return this.#house.poll();
  }
  exportKeyingMaterial(label: string, context: Uint8Array | undefined, length: number): Uint8Array | undefined {
    return this.#house.connected?.export(label, context, length);
  }
  srtpKeys(): SrtpKeys | undefined {
    return this.#house.connected && srtpKeysOf(this.#house.connected);
  }
}
