/** Who is the DTLS client, after an offer and an answer (RFC 4145 §4, RFC 5763 §5, RFC 8842 §5). */
import type { Description, DescriptionType, SdpTransport, Setup } from './sdpModel.ts';

export type Roles =
  | {
      readonly kind: 'decided';
      /** Whose side sends the ClientHello. */
      readonly client: DescriptionType;
      /** What was taken for granted, where a side did not say its role. */
      readonly assumed: string | undefined;
    }
  | { readonly kind: 'both-active' }
  | { readonly kind: 'both-passive' }
  /** The answer chose nothing, or wants no connection. */
  | { readonly kind: 'undecided'; readonly why: string };

const decided = (client: DescriptionType, assumed?: string): Roles => ({ kind: 'decided', client, assumed });

/** The outcome of one offered and one answered a=setup; `undefined` where there was none. */
export function decideRoles(offer: Setup | undefined, answer: Setup | undefined): Roles {
  if (offer === 'holdconn' || answer === 'holdconn')
    return { kind: 'undecided', why: 'setup:holdconn asks for no connection' };
  switch (answer) {
    case 'active':
      return offer === 'active' ? { kind: 'both-active' } : decided('answer');
    case 'passive':
      if (offer === 'passive') return { kind: 'both-passive' };
      return decided('offer', offer === undefined ? 'an offer without a=setup is active (RFC 4145 §4)' : undefined);
    case 'actpass':
      return { kind: 'undecided', why: 'the answer says actpass, and had to choose' };
    case undefined:
      // The default of an answer is passive; to a passive offer only the opposite makes sense.
      return offer === 'passive'
        ? decided('answer', 'the answer names no role, and only active fits the offer')
        : decided('offer', 'an answer without a=setup is passive (RFC 4145 §4)');
  }
}

/** The roles of each transport of the answer. */
export function rolesOf(
  offer: Description,
  answer: Description,
): readonly { readonly transport: SdpTransport; readonly roles: Roles }[] {
  return answer.transports.map((transport) => {
    const index = transport.sections[0] ?? 0;
    const offered = offer.sections[index];
    const group = offer.transports.find(({ sections }) => sections.includes(index));
    // What the section itself offered counts before what its group did: the groups of offer and answer may differ.
    const setup = offered?.own.setup ?? group?.setup ?? offer.session.setup;
    return { transport, roles: decideRoles(setup?.value, transport.setup?.value) };
  });
}

/** RFC 5763 §5: the opposite of what was offered, or a choice. No a=setup in an offer means active (RFC 4145 §4). */
export function answerSetup(offered: Setup | undefined, preferred: 'active' | 'passive'): 'active' | 'passive' {
  switch (offered) {
    case 'active':
      return 'passive';
    case 'passive':
      return 'active';
    case undefined:
    case 'actpass':
    case 'holdconn':
      return preferred;
  }
}
