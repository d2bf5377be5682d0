/**
 * How long the connection IDs are that each side's records carry: as many bytes as the other side asked for (RFC 9146 §3,
 * RFC 9147 §9). Without the hellos nobody knows, until a record opens with one of the usual lengths.
 */
import type { Actor } from '../trace/model.ts';
import { findExtension } from '../wire/extensions.ts';
import type { ClientHello, ServerHello } from '../wire/handshake.ts';

export class CidLengths {
  readonly #agreed: Partial<Record<Actor, number>> = {};
  readonly #guessed: Partial<Record<Actor, number>> = {};

  /** Of records from this side; `undefined` while nobody knows, 0 when none were agreed. */
  of(from: Actor): number | undefined {
    return this.#guessed[from] ?? this.#agreed[from];
  }

  learn(client: ClientHello | undefined, server: ServerHello | undefined): void {
    if (!client || !server) return;
    const wantedByClient = findExtension(client.extensions, 'connection_id')?.cid.length;
    const wantedByServer = findExtension(server.extensions, 'connection_id')?.cid.length;
    const agreed = wantedByClient !== undefined && wantedByServer !== undefined;
    this.#agreed.client = agreed ? wantedByServer : 0;
    this.#agreed.server = agreed ? wantedByClient : 0;
  }

  guess(from: Actor, length: number): void {
    this.#guessed[from] = length;
  }
}
