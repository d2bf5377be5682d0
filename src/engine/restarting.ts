/**
 * An endpoint that puts another association in the place of its own on the same addresses: after the handshake, as one that
 * lost everything or changes its role (`Faults.afterFinished`), or in the middle of it, whenever a ClientHello is repeated
 * (`Faults.repeatedHello`). What the association before had to say is still said; what comes in is the new one's.
 */
import type { Instant } from '../base/time.ts';
import type { Faults } from '../profiles/faults.ts';
import { helloRandomIn } from '../wire/helloRandom.ts';
import type { EndpointConfig, Input, InspectableEndpoint, Output, Role, SrtpKeys } from './api.ts';

/** Whether the settings ask for such an endpoint. */
export const replacesItself = ({ faults }: EndpointConfig): boolean =>
  faults?.repeatedHello !== undefined || beginsAgain(faults);

const beginsAgain = (faults: Faults | undefined): boolean =>
  faults?.afterFinished === 'begins-anew' || faults?.afterFinished === 'switches-role';

export class Restarting implements InspectableEndpoint {
  readonly role: Role;
  readonly #config: EndpointConfig;
  readonly #make: (role: Role) => InspectableEndpoint;
  #before: InspectableEndpoint | undefined;
  #now: InspectableEndpoint;
  #done = false;

  /** `make`: one side of a fresh association. */
  constructor(config: EndpointConfig, make: (role: Role) => InspectableEndpoint) {
    this.role = config.role;
    this.#config = config;
    this.#make = make;
    this.#now = make(config.role);
  }

  handle(input: Input, now: Instant): void {
    const { role, faults } = this.#config;
    const { state } = this.#now;
    const repeated = input.kind === 'datagram' && !atRest.includes(state) && helloRandomIn(input.bytes) !== undefined;
    if (faults?.repeatedHello === 'begins-anew' && repeated) this.#replace(role, now);
    this.#now.handle(input, now);
    if (!beginsAgain(faults) || this.#done || this.#now.state !== 'connected') return;
    this.#done = true;
    this.#replace('client', now);
  }

  poll(): Output {
    const earlier = this.#before?.poll();
    if (earlier && earlier.kind !== 'wait') return earlier;
    this.#before = undefined;
    return this.#now.poll();
  }

  #replace(role: Role, now: Instant): void {
    this.#before = this.#now;
    this.#now = this.#make(role);
    this.#now.handle({ kind: 'start' }, now);
  }

  get state(): string {
    return this.#now.state;
  }
  get unacknowledged(): boolean {
    return this.#now.unacknowledged;
  }
  mostData(aboveMtu: boolean): number | undefined {
    return this.#now.mostData(aboveMtu);
  }
  get held(): number {
    return this.#now.held;
  }
  exportKeyingMaterial(label: string, context: Uint8Array | undefined, length: number): Uint8Array | undefined {
    return this.#now.exportKeyingMaterial(label, context, length);
  }
  srtpKeys(): SrtpKeys | undefined {
    return this.#now.srtpKeys();
  }
}

/** States in which no handshake is under way. */
const atRest: readonly string[] = ['idle', 'awaitClientHello', 'connected', 'closed', 'failed'];
