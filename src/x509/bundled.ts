/**
 * PUBLIC TEST KEYS: everybody has them, they protect nothing, and nothing that is not a simulation or a test may use them.
 *
 * A simulation of one seed has to give the same run byte for byte, and making a key is neither repeatable nor quick; so
 * simulated peers take their credentials from here. Their private keys stand in this file for all the world to read: a
 * connection to a real peer with one of them is open to whoever listens or interferes. Real runs make keys of their own
 * (`generate.ts`) or are given some (`import.ts`). Valid from 2020 to 2049, but for
 * the one that has expired; made once with `generate.ts`.
 */
import { fromBase64 } from '../base/bytes.ts';
import { unreachable } from '../base/unreachable.ts';
import { ed25519PublicKey, publicPoint } from '../crypto/derive.ts';
import type { Credential, CurveName, PrivateKey } from '../crypto/keys.ts';
import { readPkcs8 } from './privateKey.ts';
import type { KeyKind } from './spec.ts';

export type BundledName =
  | 'ecdsa-p256-a'
  | 'ecdsa-p256-b'
  | 'ecdsa-p256-expired'
  | 'rsa-2048'
  | 'rsa-4096'
  | 'chain-2700'
  | 'chain-3700';

/** When the expired one has been so for a day, as a certificate that is ordered to be has. ms since 1970 */
export const expiredCheckedAt: number = Date.UTC(2021, 0, 2);

const cache = new Map<BundledName, Credential>();

/** A credential whose private key is public knowledge. For simulations and tests, and for nothing else. */
export function bundledTestCredential(name: BundledName): Credential {
  const known = cache.get(name);
  if (known) return known;
  const { key, chain } = publicTestKeys[name];
  const credential: Credential = { chain: chain.map(decoded), key: readPkcs8(decoded(key)) };
  cache.set(name, credential);
  return credential;
}

/** A private key that is public knowledge, of a kind; undefined for RSA 3072, of which there is none. */
export function bundledTestKey(kind: KeyKind): PrivateKey | undefined {
  switch (kind) {
    case 'ecdsa-p256':
      return bundledTestCredential('ecdsa-p256-a').key;
    case 'rsa-2048':
    case 'rsa-4096':
      return bundledTestCredential(kind).key;
    case 'rsa-3072':
      return undefined;
    case 'ecdsa-p384':
      return curveKey('secp384r1', 48);
    case 'ecdsa-p521':
      return curveKey('secp521r1', 66);
    case 'ed25519': {
      const seed = new Uint8Array(32).fill(0x25);
      return { kind: 'ed25519', seed, key: ed25519PublicKey(seed) };
    }
    default:
      return unreachable(kind);
  }
}

/** A key that nobody could take for a secret: all bytes alike, below the order of the curve. */
function curveKey(curve: CurveName, length: number): PrivateKey | undefined {
  const d = new Uint8Array(length).fill(0x25).fill(0, 0, 2);
  const point = publicPoint(curve, d);
  return point && { kind: 'ec', curve, d, point };
}

function decoded(text: string): Uint8Array {
  const bytes = fromBase64(text);
  if (!bytes) throw new Error('a bundled credential is damaged');
  return bytes;
}

/** PKCS#8 and certificates, DER in base64. PUBLIC: see the head of this file. */
const publicTestKeys: Readonly<Record<BundledName, { readonly key: string; readonly chain: readonly string[] }>> = {
  // ECDSA P-256, self-signed.
  'ecdsa-p256-a': {
    key: [
      'MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgPiKdBWOPUhi3wBM011stPSOqV/An6aw7YwUHbHM1TCqhRANCAAR7',
      'ARCETR9yo6EtCdiXUALr11GsffjwItF26ftVR2UTF9dlziJ84+sQvBp0uKnK6eW2G2OnpzhFoGwMnzUelvgJ',
    ].join(''),
    chain: [
      [
        'MIIBFTCBvKADAgECAghneOZxWvbGcTAKBggqhkjOPQQDAjARMQ8wDQYDVQQDDAZXZWJSVEMwHhcNMjAwMTAxMDAwMDAwWhcNNDkx',
        'MjMxMDAwMDAwWjARMQ8wDQYDVQQDDAZXZWJSVEMwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAR7ARCETR9yo6EtCdiXUALr11Gs',
        'ffjwItF26ftVR2UTF9dlziJ84+sQvBp0uKnK6eW2G2OnpzhFoGwMnzUelvgJMAoGCCqGSM49BAMCA0gAMEUCIQDqcl+ExQMJXMcU',
        '6uFfKJK3NbTXBZhpJUhFb+L9n/UNOwIgCQbNQhKs50mV/M4Cj4H86+phnrKvcq3qZfSTK5OGnyg=',
      ].join(''),
    ],
  },
  // ECDSA P-256, self-signed: for the other end.
  'ecdsa-p256-b': {
    key: [
      'MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgkcU3YoUmpnDM5eQoHPSCrUJE9NmVdR0NCON/kfzxN0qhRANCAARw',
      'jHKU/TstDQGh7py6ajpQQCA5l5hR7M5ys81vbxkeIFjFULzHb0TWEy1Oip9Seno4F7HRVvC6fd/0PMRZ8Y2I',
    ].join(''),
    chain: [
      [
        'MIIBFTCBvKADAgECAgh0+xLV/fY0jjAKBggqhkjOPQQDAjARMQ8wDQYDVQQDDAZXZWJSVEMwHhcNMjAwMTAxMDAwMDAwWhcNNDkx',
        'MjMxMDAwMDAwWjARMQ8wDQYDVQQDDAZXZWJSVEMwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARwjHKU/TstDQGh7py6ajpQQCA5',
        'l5hR7M5ys81vbxkeIFjFULzHb0TWEy1Oip9Seno4F7HRVvC6fd/0PMRZ8Y2IMAoGCCqGSM49BAMCA0gAMEUCIQCXoKOjWYGW8X6A',
        'zU51GFRMA2SxRnV9OEuf2lSGhAKCyQIgfOwgyGSyWd0r+zMeX2/tFAz133XmZqWB7A9zymZY8I4=',
      ].join(''),
    ],
  },
  // ECDSA P-256, self-signed, valid in December 2020 alone: expired a day before expiredCheckedAt.
  'ecdsa-p256-expired': {
    key: [
      'MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgT+X4SqOLMvLN/JwY2Rsh/X8rXxN2SjEfAJse/EgIIAOhRANCAASRgllx',
      'DxbPpg/QzmVIgzZzUmQJROnOjCXdz62aI9/b05uYimR5nUU7fmWiNuTf8SY3Fh7/ZA7rQipU44izxkAl',
    ].join(''),
    chain: [
      [
        'MIIBFTCBvKADAgECAghrUw5En45VEzAKBggqhkjOPQQDAjARMQ8wDQYDVQQDDAZXZWJSVEMwHhcNMjAxMjAyMDAwMDAwWhcNMjEwMTAx',
        'MDAwMDAwWjARMQ8wDQYDVQQDDAZXZWJSVEMwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASRgllxDxbPpg/QzmVIgzZzUmQJROnOjCXd',
        'z62aI9/b05uYimR5nUU7fmWiNuTf8SY3Fh7/ZA7rQipU44izxkAlMAoGCCqGSM49BAMCA0gAMEUCIAFdZiyIB2Fy+rc7DCX4xm7Neaae',
        'pmG5LTEsnA21SUJ8AiEA1wCnY5Z/iuRwoR1mAVOh5/4iCSFhrfiLMQd/B3ydbDU=',
      ].join(''),
    ],
  },
  // RSA 2048, self-signed.
  'rsa-2048': {
    key: [
      'MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQC5hWzEbisrK+cqm8OOpBEtLpmO2t49Eaujh35XuoSSaorGoR58',
      'UBohfzGhtoU5tDyN57LyOFA4LaozvrUft470Kdbl6/94NqascQjMvmPBD0jwjAzUnv490Yt1iQcqk7J8r+GyBM/+hfZM7S8Opqxu',
      'wBD4eZyrfJ+eECcx7cJC2IlFA4rqZQnEcKWYe+4+MgyWlr7EF9LIJU8DrRTrO/Tvh4Th+DxW5aiUpE3eWh3X4lDDnGjjEkRhmIZ3',
      'sAObfrsCjy8QeK/Jp2RpH4acw4xevGiFKeKp1FlTaVaz+fC73ss0yeoqyvA0dbUlerIcRu/dpRwWopTemN5JOiIq4uCdAgMBAAEC',
      'ggEAAWGeVYaDLrNJKYWEvSDB9Y3XYKSZL8xuj9Z25GT4l/Cif4fBFJrNXUqy1RVf7X8G4EDlf1+OwH4LaDNwWCkTeN+3TidO70CG',
      '6z4hf7/ocJdyOMNuMAapvynfN1htGFc9ZpVWhgp6fURpAgexo9LkzZFMmnopCwFmuCIH3vcMesUjM4BMyjpiGfj9jDSdxg+ZkbK6',
      'fMBJjNEZZDUJvh+70TGSQ1hlTVsIiLf35JwwzHIhTaXZeTPDxhhgRD9+lRu/kva1yFW7WXp8/HEea9ONG76yXGzNvE/MfitaKQm+',
      'ltKYihEotPWsNyhzXYvGLX6cEQJOAYYwzcIUFkZRokBFQQKBgQD287rMOY3nWdvVdqdXiLxQAfcNqR7AJj6vS8fnW9VKK4VY5aFx',
      'd1zHAsfvNZ0jld0Ew0h7rFVMKFZZwXHAKxz0A857wv9Y1IjOtfCiVTYSCkpKX+/f75q6DmmAGuuzcv9CWSly+SB+trfrwlF704nd',
      'UcYO4Wl+V9sjSzUJ91QmwQKBgQDAUYImwjZQFBTxYXfQt+yvI82+O1ZMdKErhWFo+6fTqyp1s8g0GRYoZMKfhaNMxyBaafXXkIMV',
      '8EtCcAfnRnaET/CX7GQzmnZsJBxSDJ8Rgtizto5V26bw7BTIGNV5rOe9H3ZQa/Gp2K1hNn6NjM7qUATRJxrTI3Eo4qOBY+Rs3QKB',
      'gQCLSvLkWtpl0lOjVigRwbimUFVvySLlMy1MZyw8nZnzGhU/DVdAzxjvz+vCS7V06wUduKDb0VrTeDUsr2ZgBHFyWetP969cBZWd',
      'MxamGfZDurYouXBuGZJmu9ZaQdUNBSJh5DTy+v6POrUHMDYR6EHtKkDTB+YfM6MRh0xFcNJwgQKBgQCy7mMIiqObx8NgfY3LfIRS',
      'wx4WgwCc69pUMqnZ0mJoNpWvoxB/IGQUOwM1BlJUCeSZGoLoCAVecQ6khrVjwZRdMD8qKn9j36+Ul9hdom6RDUtvkUdGrLHa79u5',
      '/BkKNwv5Uv9yfav/maBelSQTsNGHAeIpcperoAsVvh/gL7+EZQKBgC85QeTSlgjO0JW+XZAiaACdaPEjzuqCjOD5AdEBKZB+jNpJ',
      '5UnkgGyceVsBYd6tADetPO951Izr2Fycs66qDABUzXoasUbesOhfU/+7nFZ7dTWA/Fm09M3BNBMBib3jJCyLMI2mzY8WjjgiCIio',
      'NfHyCrjTBh6lojKXr8J/NCXP',
    ].join(''),
    chain: [
      [
        'MIICojCCAYqgAwIBAgIIfAJVJvnI/HkwDQYJKoZIhvcNAQELBQAwETEPMA0GA1UEAwwGV2ViUlRDMB4XDTIwMDEwMTAwMDAwMFoX',
        'DTQ5MTIzMTAwMDAwMFowETEPMA0GA1UEAwwGV2ViUlRDMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAuYVsxG4rKyvn',
        'KpvDjqQRLS6ZjtrePRGro4d+V7qEkmqKxqEefFAaIX8xobaFObQ8jeey8jhQOC2qM761H7eO9CnW5ev/eDamrHEIzL5jwQ9I8IwM',
        '1J7+PdGLdYkHKpOyfK/hsgTP/oX2TO0vDqasbsAQ+Hmcq3yfnhAnMe3CQtiJRQOK6mUJxHClmHvuPjIMlpa+xBfSyCVPA60U6zv0',
        '74eE4fg8VuWolKRN3lod1+JQw5xo4xJEYZiGd7ADm367Ao8vEHivyadkaR+GnMOMXrxohSniqdRZU2lWs/nwu97LNMnqKsrwNHW1',
        'JXqyHEbv3aUcFqKU3pjeSToiKuLgnQIDAQABMA0GCSqGSIb3DQEBCwUAA4IBAQB54G4gXH5DXyep8RKkYnqyTMHDGLBazhSV8hVI',
        'rctelHoPxYAr/06Ts0NyCpc9l8MiQ6WtoAiVJ6amyFx4txE4CHAN6TAHUCo+z7+tkf1ASksYOR5pfGP93xyTH2lf1x9Z4VH1BFjH',
        'xbDXuj89oBxrae+GbUC7Txt0gaR7MT9mSSqWJHVeEjV07nX5DI6xSRxNjaRnFQFnU4yR6GnCFVrDophguwHamgY8tDcLZBlOQDtM',
        'XkPGPnNDGIaLW0bTCK0n8o7s1zmqY3I7kSpYTFC/6vuoRzlDiMjWTYk4re0jA154mQlDio+tNqruRRrr1afcsDbpRi3bQgKiWmhj',
        'uiBP',
      ].join(''),
    ],
  },
  // RSA 4096, self-signed.
  'rsa-4096': {
    key: [
      'MIIJQQIBADANBgkqhkiG9w0BAQEFAASCCSswggknAgEAAoICAQCwKyPzQr8I7w373QaEgMntXdXiE8VaGurQcVbSOpywz0R33Z+6',
      'LSoltsQy+yaDo/QGqY66TlCH+BlVCvtSMC7Vl7nSg2QwEyh+jhq7aeqPBlxqn3Ugv+D9zF21b9/LvTU1iZB4BdSk80kivLoyePTN',
      '6T+NQYb6zhy7eaGOhKUFd0L6Lac4Z1FpQIGub6l3DopYMzXRZvKSnmZv3rIFFGWvYIGP+5lmOYa8mzzhqytfCrnjNV1aScjiUomu',
      'b03y7vG4HehNp0dvCue8wYGx55tp6wD3WFAI2uFY116+U6i6VSNTG76Kus2SCww7YlSPKe/0abvMlGOZ9RWAa3hXdAVGr3PTB2JG',
      '13psxxsyOncY4ExuboMyUNdQlq0JnKduvutfZ2+AwC8bmSRS5jmBK7I9NkaTcZckFSkvgjXj27H8zUpV8lQX/OZ2jZDoIitcPMwg',
      'UZfbpRFmEQQRspw7yDn4YLqlY7W/EEIuQ4+VJQF+femCtT/+FJEUQ1FDAxT83FVcvpSC0tgTLEakq92TUOWpDuvVyYGFOhvvOEe5',
      '7PLLMw6OaCVEeK95S5ZZDfPMgRFQTpnHWFtUrR0uOrjSi2PZ34NlAfEhUXXMARDbBSsVjNrvsPxokUji8+Sn3TgaASGOQLUbV4yL',
      '/sybNVqIywQOcL0fA+acCaGPte2ndtdXfQIDAQABAoICAAXVaxUk7BYlcs1MIWlSQ0PxkogwM9EEosTD3z/w7u78vhcWDX8Cld22',
      'P3YzH0n530/R95PJAIOwJIg1AX0hDIjIKgzqV7v70AbfOWVkkxh1xnbfA7SE7IEBbnnFBzn3VwOIPaXfBsHVLvvQGH5clDnpWmn/',
      'QuZodhODNv70+reQOA74Y6XLgURx/WYp9NVB2jTxGGKJyfvIjdQ9VKA0b7WVOLuGDytcBk+VxTgkprgFlYHZN4rED+6zewAXixMO',
      'jifIEPQ/vaIHHQUA7dGKJBLBOtpcYBiBXwSSuGSnEo3kQECbr5cA3pcFqwigYsDaGHcVTttUb2pR7yQkhISo2klrXNQi9uP3Z3Us',
      'O0d0Is8QbKMRhHqLqjDWe7mfhyeSaSrRWbQ7CMRCA418rfUxE9xwW3dXlzJI9OanqTIR8mzdDdxZyy0LLw12DUuqHAO99ih6bV6B',
      'duhhidGOKMnsK+LcpFBHIdtPmhZrGOnBUL4a6qz8Lmi5Yq77SK2c2N6sOikHzBVVoiTBZ/oxyFuFMfw5R+lVok2GmGsYsmE7wLml',
      'aTqazokLYtWlndeq4ZGDFGF3eAnmpjHFhV8AI0S5gxhvadlcrT7dStDb+99sFlY97Yo9X+NrHJr22wfR7UWJIYRkA2Q7nOfJ0GIe',
      'xWw39GHcMNn2biL3/j3ZkV6+4EuhAoIBAQDwn2ZdxHmu7x5R7744XuQsyGYpcd9JCMu+kmgqHOOqMuTSV7IZhSj7N/+suEydyix7',
      'Tr18Gp96s/FB/sjqgrhukk7IqJQJ982hDzN/2RrgpWKc6fcnlslz6KX2kd2QWdTNbase7pYkvLaz8/PwaP+WYsL+XLhNRafXanFo',
      '/o3xo4IlBeCQTHA/RZAIjiYIn664DtvwCmjkjmBTjppRIO4ptOKiAcCt/RHMJaGTdmDeEq/MVkOPnXFgmbFiLhBoiQANLsf2+quY',
      'w8b5D5ZCuxhB+DZXdUmMBF5Buh14s6m2d2FOTeOPvdRTLgF8fQxxAn5stcr+9shzDQ5yvtkcxBLFAoIBAQC7bURqOIEV7U/EsXiP',
      'SX16w6xiF6nJOU8jrK2RTuPi7KlgKT6CZx+cFOpgbTzg08MiE+ASxY0B+42AeYaTs2H4DdsuKUIJbY65XRmn2y3OBP/WMsWyv69F',
      'D4r5LLt7udhA8WDRp8De/ngzIlvvY1D2lJvxFzXatc4Y8a70ITNn0wqde9CzDENP6TqOM2kiub435Oay70VfigIs6BSTTs7vlCF+',
      'zX3C7PrlfXJWpiQ9oZXW2nAxMnqDCsx7CaFeZkOSsTFILxCQpljg2YnXrOO1+SP5L3P59tHoByq1Ev/fwwcK0sUM9rrXXO1iwpFy',
      'HglmucMhHi99DVDlqR5lIp1ZAoIBAFCQnl6w5SksSNOYWPFY3D8eTg58YQ18E3PYY2YOTC/1YGYJFMm0qxcKFeIHxydhxOj4YTtH',
      'UrRrwVCedTkH0aa7+AL5Zq+7t67AfzbEQ1qKJW1ybN1lgEf90muvRScK3NR3br8plT3xrZ6tBLUvArygjrdJ5i+BLgRTUGueJ3qL',
      'i4zH3fuSjFay/NnQdm2WwZJA72T8p0g3X4s6iPK2+ucd+G/T9GaNAEOBKgtMrHxOd2wMSgyw44A7lYfQ8o99p3XCfxNztLauflVv',
      '4ZiwOhwEdnVsANcPs1uAbFO4nA9LA1qLe7DqF0hOdBLxb5P7CMdvSut5R342FetXeSxHfh0CggEACMtIsX8zN1cqLf1xva9iDteN',
      'iBC6K7Hfr7nTbwT3llcqX1OwFihGiGlG0f1uJNJqzneGRPs18YjfC88n7Fg3WY804IaZDZ4xWysuH/0duhPr+R3qvsdVrvTavXRG',
      '27hNmEZ7F3s6hnwEIcoT7DiJvPgeFQLUyQ1MvUjhv5yrL8zsK5V6plwF8ILt92wcG8ABV9gKpwypAaGVFoxRItRIy17072Eu7G14',
      'HDp1mfEztByXzjvzlatbqjhgfclm4+oCc6iSumNS8KaNdwdd+1umV4x4DqIWW/0jvjJP460fil05QF3BVylgfOhkTwT4FBWqtUI0',
      'EKK88a4lRJFZ1r74CQKCAQBSrbtXRl1mN5iGwMZJ4P6P1P8wrl3y3bsnXbinjGff20alwhySxbgqx/XnLQ8xzjX1x1HcrMJD5bdm',
      '1Eskz9hNYcVpU8b2/BDZpdl9OFyzdnLUIU1AzcseDMnuQwZ+2pBG5BZbT2ibQSqwvOBQh+DkkKIV8wZ/mIVzDvC1WNOsA6H6iF1/',
      'uJaqSij39cMeS6IJ5YGCorDq9VzrSFYzuZs7mGryQng214P5xJIsx2WP3jo6lHYbJAujrOyaL7nNNXts6RJb3GFQrTvLY0y8ElEH',
      'HkJJn7XP7+biRXRGIqivx8fXeL1jMpb11nGjMyRNBK0ScKlWmpFp8Ux93vjC+/IP',
    ].join(''),
    chain: [
      [
        'MIIEojCCAoqgAwIBAgIITz+tBzahEwUwDQYJKoZIhvcNAQELBQAwETEPMA0GA1UEAwwGV2ViUlRDMB4XDTIwMDEwMTAwMDAwMFoX',
        'DTQ5MTIzMTAwMDAwMFowETEPMA0GA1UEAwwGV2ViUlRDMIICIjANBgkqhkiG9w0BAQEFAAOCAg8AMIICCgKCAgEAsCsj80K/CO8N',
        '+90GhIDJ7V3V4hPFWhrq0HFW0jqcsM9Ed92fui0qJbbEMvsmg6P0BqmOuk5Qh/gZVQr7UjAu1Ze50oNkMBMofo4au2nqjwZcap91',
        'IL/g/cxdtW/fy701NYmQeAXUpPNJIry6Mnj0zek/jUGG+s4cu3mhjoSlBXdC+i2nOGdRaUCBrm+pdw6KWDM10Wbykp5mb96yBRRl',
        'r2CBj/uZZjmGvJs84asrXwq54zVdWknI4lKJrm9N8u7xuB3oTadHbwrnvMGBseebaesA91hQCNrhWNdevlOoulUjUxu+irrNkgsM',
        'O2JUjynv9Gm7zJRjmfUVgGt4V3QFRq9z0wdiRtd6bMcbMjp3GOBMbm6DMlDXUJatCZynbr7rX2dvgMAvG5kkUuY5gSuyPTZGk3GX',
        'JBUpL4I149ux/M1KVfJUF/zmdo2Q6CIrXDzMIFGX26URZhEEEbKcO8g5+GC6pWO1vxBCLkOPlSUBfn3pgrU//hSRFENRQwMU/NxV',
        'XL6UgtLYEyxGpKvdk1DlqQ7r1cmBhTob7zhHuezyyzMOjmglRHiveUuWWQ3zzIERUE6Zx1hbVK0dLjq40otj2d+DZQHxIVF1zAEQ',
        '2wUrFYza77D8aJFI4vPkp904GgEhjkC1G1eMi/7MmzVaiMsEDnC9HwPmnAmhj7Xtp3bXV30CAwEAATANBgkqhkiG9w0BAQsFAAOC',
        'AgEAlnUiyQjUbjfQ5pH/JzxiYOTPWQ8KBHD5NlRFqCdFrddR518AIyqjbnD7EoW5rVwCn0s4uEVuA4SUsHLX073B/OT5TCBUGGp/',
        'aU1NjVp1EWrpEY2OJnBvTvYrLQ422tBQeeZkqzWR08hNZILSDiDNeKFCzKYkYfWG9GmUe8H9sHeRqrKaQ4Elihg5hgvh9wkn7W3f',
        'KMUY120380iSWqu9PQFvNNx4NWsoqZg4oNliJuwBLAT/9cch3O7b2TmeUfBaATvQGW2eo0nSSniZ50LVhH8f7ynb1f6WzezwVdnV',
        '6Pf0vdSIDtzt+DUsiiIXmvPN7cUA1Ha8TJB13YoEJMAKm3xf2hKqo4gux6wY2RvjVMchVCan8aCx0JNUpj1n/1ms4bx8gTRlOIfE',
        'Mjw8JJXGrKXqcOHO9pcui3vLF8nupm1ABBERaW8mm+IerfgPMcIYXkZcLfX+C3qsKlZ5uUsQXnR6yNVawUCKVIKm3EkuOEo0j2Am',
        'LpXkCT6cnvxHXUsQFWKOdPAR4UwnyCLddl0hStfXIXZCzCDfQYD+vecXinC8r67DsyNJMZXtUBWHTXCBdUrUL1Mbb0iG2zUwTS8C',
        'vybe+rOE7BuBql+IgDbDpI57PmstdroiPpVBxVu47/UKRJlYKunPhM69SCaBhNO19bMAnioKdcPYIbUhN5iryXc=',
      ].join(''),
    ],
  },
  // ECDSA P-256 leaf, intermediate and root with RSA 2048: 2,700 bytes in all.
  'chain-2700': {
    key: [
      'MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQghFzCBQP8j7C2AjGqD/7xcoJdetNmF7ThFhgARCgSSPShRANCAATGPAxq',
      'Av1Pz8/Hy7YCZP8UKeTKh63bOKW5Sd+oOMVFdJqGPczMXG5p10BSJATIiYiqhFbXxj6tunQO7LIj79Rz',
    ].join(''),
    chain: [
      [
        'MIIE+DCCA+CgAwIBAgIIdCng/UjLytYwDQYJKoZIhvcNAQELBQAwFjEUMBIGA1UEAwwLZHRsc2NvcGUgQ0EwHhcNMjAwMTAxMDAwMDAw',
        'WhcNNDkxMjMxMDAwMDAwWjARMQ8wDQYDVQQDDAZXZWJSVEMwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATGPAxqAv1Pz8/Hy7YCZP8U',
        'KeTKh63bOKW5Sd+oOMVFdJqGPczMXG5p10BSJATIiYiqhFbXxj6tunQO7LIj79Rzo4IDGDCCAxQwggMQBgOINwEEggMHAAAAAAAAAAAA',
        'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
        'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
        'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
        'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
        'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
        'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
        'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
        'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
        'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
        'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAADANBgkqhkiG9w0BAQsF',
        'AAOCAQEAmU38ylmyLCwo+UU4i1mmnlOz/trY4+Cno0QvhdoQ1pzTsfLp0s0IDNBrEv8KEMXt9j17mx70JcMNJiptmUog/vbwgg39PCYD',
        'cz0wp23wfZS4zuRUMF4j1DinW+F4phZUFuh+eyI6EKfhIrABD3GbhXBKOPARU124n3whcJYXTxRVomxH5XbLRDlOwz9Y7ZLzi9lMLrLN',
        'ONL7ObLOQG7u5XLnuxCZQxbGSHev66jpjFOlq4bOyoCLMaIfsJbhXyCUtHxF5+ZBIY7j5voqNfA/jRbPFv4tVxu+wkqmIxKGrzK0qveu',
        '4hUs69VdxI9YOPRD/7ZdqMPg2T6U4Td6e/fIOw==',
      ].join(''),
      [
        'MIICwzCCAaugAwIBAgIIVxIBuyBQ6WEwDQYJKoZIhvcNAQELBQAwGDEWMBQGA1UEAwwNZHRsc2NvcGUgcm9vdDAeFw0yMDAxMDEwMDAw',
        'MDBaFw00OTEyMzEwMDAwMDBaMBYxFDASBgNVBAMMC2R0bHNjb3BlIENBMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAvfYr',
        'XSTurwd3xd/0sDHPWh8OPE6Lc3kVIZ9jokMvwjei3WLewnZmkVGCaPJ1+SCXajOJ5faURX3XPNNAner5Dio7Gm5810MLMNGD+ZxsMGSH',
        'dtZcS5JZTr2se9Fb2nxn6WqXV628PcNXtlAk1IPQC2FEnDIw92jsGuCHiNacfXZ8w+vNufmvRLjO6kLCvf+G3l3MIlC03xeVqjlezB2E',
        'PqWTscVsBmoofiwGhVd71AJ30oPspMnkv784YItp64v5TAV7nJyFUr/JnxoZvSM83Fg2qcc/WUfrtmb8kUOzFhoYRjsTFdku7qDyeVYv',
        'oPkUzgfJroMLRiN4z3QrY9ykfQIDAQABoxMwETAPBgNVHRMBAf8EBTADAQH/MA0GCSqGSIb3DQEBCwUAA4IBAQAFWJytDrG60U7VIVpS',
        'sVN/oL3uMhaY6bEtYIxwm2ugvR53W23uec29Yrj/Zs134s9bJrLW7R1VS3/Gc0yCp1KtKXMfMmzpB1kn/i1eVOLyjqVmHa8k86BJ50Nh',
        'HfTzk+9d8zZ8TAM9EB+x22bFh+CrUNJZS0DQSmt3HwHl6y5CsLU/sgIJKz4AVvr2V+HGQ0W9kZB7GR0Fd7/RNjR2LngxC9tO5n272Z5A',
        'oZEHUEHqxXV5SM9NuGEM7U1Mdt90gsPUGBGKkbyfayDUyYyH7A6Ga3Q3/yom3Dp1dlqcbP0c/6Zs7LOGiuHhnBCkN5CZG9sks2BAMORd',
        'cC7SHyDVHCC9',
      ].join(''),
      [
        'MIICxTCCAa2gAwIBAgIITwIyAfOyS/AwDQYJKoZIhvcNAQELBQAwGDEWMBQGA1UEAwwNZHRsc2NvcGUgcm9vdDAeFw0yMDAxMDEwMDAw',
        'MDBaFw00OTEyMzEwMDAwMDBaMBgxFjAUBgNVBAMMDWR0bHNjb3BlIHJvb3QwggEiMA0GCSqGSIb3DQEBAQUAA4IBDwAwggEKAoIBAQCv',
        '0W4dDFJIff73cRu7/yW7/JoMKkVvtGe6jn1Xx29h6BehCd7eqapg8OmhuceJ59dnTO84VXW3K1KPRmKGHpDYp15EkAQI9tvt9oq2+3J9',
        '8tvD35XQjztGNOp264KlHaFwm+c8lvYmb71zNm9xMFgvkiUY1nlrDkLfOSCiIY4CCV0ckdK8yXRVbcvp7l9m2Kx9lTWLx3053qplj8oY',
        'JILuT0+05gy0aQiYh/owvIag/wEFDTNP/26OUwN0Yl7zQgXzwQvKS2d/EnWi+BtUN9kZRKXUT4gtvbkfYw8AKPtGffGzEQGWQ7MygVxb',
        'hNDe6ADVc7NJxECk8CjrDHp7YJjVAgMBAAGjEzARMA8GA1UdEwEB/wQFMAMBAf8wDQYJKoZIhvcNAQELBQADggEBADa2evIPQ8Wqn28E',
        'EGj9xxtQcgCzIaEHy67RwQQU2wMn8sStui9eCdWOGQjAgUkACDo+qh6qm5ag6pPbcDER8omIskybv5nmPA/c9z/1YHhT/57qWbidV7L8',
        '2iIrWkjSHsCe6EFrHDLSlxMLw54tuSh0jD7mNQLWiUdkB1VWzNquvfgqLbUgHkTZ5pfsdrqOAmdw2swuZrxwjZRJNKDmu7gClppI0LdB',
        '0FyGNdvZwa7lMA1GxCq6wkVm3DnvP3oNcw0G/HP+uJgqM5qLOUBdoFmS4JCQJwkP7HYnW9kSX9JBsDxMObTO089SDEQYeVkOErt5dCi6',
        '8zN81OWXu8fL5Fc=',
      ].join(''),
    ],
  },
  // ECDSA P-256 leaf, intermediate and root with RSA 4096: 3,700 bytes in all.
  'chain-3700': {
    key: [
      'MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg1Y+OBQI7lw1dy+S2iahZ3gTwM16Q4OgXq0sUSCsD/bKhRANCAAS+',
      '76lKJT/gkLMT+4lrh+xlsT9Bpn1n3RquzBLIL0sn192H+8iJ9TjSA9Fftaq8bmuTOyneE4SiqTl+d5N9j0S4',
    ].join(''),
    chain: [
      [
        'MIIE4DCCAsigAwIBAgIIWceccmDDEN0wDQYJKoZIhvcNAQELBQAwFjEUMBIGA1UEAwwLZHRsc2NvcGUgQ0EwHhcNMjAwMTAxMDAw',
        'MDAwWhcNNDkxMjMxMDAwMDAwWjAaMRgwFgYDVQQDDA9nYXRld2F5LmV4YW1wbGUwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAS+',
        '76lKJT/gkLMT+4lrh+xlsT9Bpn1n3RquzBLIL0sn192H+8iJ9TjSA9Fftaq8bmuTOyneE4SiqTl+d5N9j0S4o4IB9zCCAfMwggHv',
        'BgOINwEEggHmAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
        'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
        'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
        'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
        'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
        'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
        'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAMA0GCSqGSIb3DQEBCwUAA4ICAQAwDbcpFvoyfY5n',
        '9qBrvLCwgPlJKD6AUc/ZLAkXIzMMLaDEdDhDIRfscXiron0+ZU2TJGCTTt5s5BxMIYvxRxnvIgXHIhGWH40LkEkAhxar6RyIZ8Zu',
        'RsmdJ0aLuIQuskTwTqSLoODX2w5/Oj7E5/E/e7JmYRxtO6snlIyjxJI8X5LkznR/ctdNmSd/QmZlOfq9p5HNnZy8PCQsardBoPeQ',
        '9p21gSA+zGdS5+IKUT272GhWPWjc/d8nsY+AvjqyjiQa9oLozIx5dbNYOSGiL1FBy07MXaB7EghXQ3Cz42MHiIzU/ztWaTr8Kw6O',
        'lt/Y1u5m3lxQtgNaMwCv8ylwfd4lRXl6wSRDc8KL3mYeO46Eu9mbQiGJ418UB8gek2kQAWOogTTljCKq8unu4NwIEuLBgPnWvCFj',
        '5ZBJn/e2izS9gXD+ZgMYCKdj4y6EwF0K6y9LjrCmdYsdTiWA85LrnIkDXB9hBYdAUpijg0R4tMWnmj66lo60mEgedETibxwR2nJn',
        'os7XwT73XtEleFcn0ABgSMTwxH0MjWs+AOdKArb9pdxpbzdDTRaBEm51AihFgJg1w3EZk+YsUwAnwpk2z5izNLq7I7+mtp8MINSx',
        'yZs1gzquKT2n4v+D1kHZzBcvIgTY+aqAuHAauKrhYsFP8HIH2tptMyRKsLpsRtNJwykn3w==',
      ].join(''),
      [
        'MIIEwzCCAqugAwIBAgIIZuSVBUcWYEMwDQYJKoZIhvcNAQELBQAwGDEWMBQGA1UEAwwNZHRsc2NvcGUgcm9vdDAeFw0yMDAxMDEw',
        'MDAwMDBaFw00OTEyMzEwMDAwMDBaMBYxFDASBgNVBAMMC2R0bHNjb3BlIENBMIICIjANBgkqhkiG9w0BAQEFAAOCAg8AMIICCgKC',
        'AgEAsJlTVPi+JYRLCooQ/s7N28RNylKvnEmBCBVETyJ8o4QhK5GAE2OiiAeBLTY4JtTCxNAA1xYXXVZ/0kOBR++HmkMhVIIPMoul',
        'WJZUK/RlyjDKZdhQymqJmhqyoU7d9j+V0b5XKz9FmbLwl8xD5nHCKOv6IcfYfWPxonRVT2imkyPG6xe/rbrcuYol/ILnKCTo9oL9',
        'vzmHsb8qZawXuKLi3kFRLyM1o7X9YWLztAo9GNXAGQrcprABY+JLVvHgHETsUZBGI3Y7toizvA8IvpOCwmVt5yIsaPsBojJ3Vqga',
        'ecf29vR6FuYIFhQKb6W1kq9KcI5RIkqxyixKQH26phFjV6gh9rIiFg2koiOxqEAIqNB4616m9Cu2uTFA0Uw7n0aM8eDW9Cph0mXP',
        'xVLaQlZO1FEeq4w8+JDOpZ/sHEkRFVCqOKhnhQ2HRmrKXHEo0EliRaiGJs9bqG4OV26AwUc3ss9zsP63ViHuisaV+N6lrH2Q5qyt',
        'E2lnChUVYcbf7i5skQgGR+bRcEKUn2Us4FLLTbU+aaFoqI+Z9zU5rqXNxyP/y1SRK7oWhFKaenlX2i+T5CrSy8BtDolI1NsGCnuU',
        '3D/+Ehu9MffkiSu18aCGsdx0llmH1x3RrXjV7A2MF9WCKLlcrzz9qWj3OxlW1bryMsRSQxFEKaVk1/OgKh2BiEMCAwEAAaMTMBEw',
        'DwYDVR0TAQH/BAUwAwEB/zANBgkqhkiG9w0BAQsFAAOCAgEAnkOKpkzGm/YYsjLhq551G+7ydm7BGZRcdkTJm9bQMo038xIf9qIb',
        'XN9iutf0B21hGn1sYZI/4ImKwfgEh5quZux1LU9EG+ep6g60Xo9fPjC4uklDyN3CkaCiXQvbUUnjg6x8rJCPpOXI/b7hH9NsiWDs',
        'JC8I2M8dNVoAgktIXqvcD3I9YFV46n5YLDrEWPtZywXdTXaXKXoSfGS8pM4NC4a/60k0NU90Z8O2af725hPjq9DI+2vi+tiZcoIv',
        'AI6TtYG+7i8HJMCZsK4Bu1PT66PVNl1yrVsuS3fT7gwzTtH76NGfpE+l3gwqCqwbaTGh7803Ul8nthd+yYhIC9+qrlr1ZVX0V2im',
        'pdRAOlEmSwHmAm8OU5HCskwPMRPFLfXq0Pnk6o9+Bi+AmC2SNP1g0xkF349QGImV9TJ6WPsoEmwWg+CRcRmdrbBfG65x93ArCMCJ',
        'NqE3aQP36ArWU7K/3KAcIJ7pfzYmC6wB3wn7mH6gD9laH6/av/70f0R7Tqe+CiwvknJDN6hKb9BaahH5HCaHOgIErs47/xwsaXaT',
        'Aolwz0Dwj1Jfs+fQ9CWf17D8g0ej3puxplPkyQ+TIsZH6mefsthchUFZBQtpnp4A6iqgNmWRcBr5JXbXIXmKNIDJdZTbpIOOjGYJ',
        'Gz/jYDdM4JWekLb9BCHb2T9AAJXkdws=',
      ].join(''),
      [
        'MIIExTCCAq2gAwIBAgIIRBYhWeXr8NgwDQYJKoZIhvcNAQELBQAwGDEWMBQGA1UEAwwNZHRsc2NvcGUgcm9vdDAeFw0yMDAxMDEw',
        'MDAwMDBaFw00OTEyMzEwMDAwMDBaMBgxFjAUBgNVBAMMDWR0bHNjb3BlIHJvb3QwggIiMA0GCSqGSIb3DQEBAQUAA4ICDwAwggIK',
        'AoICAQCvks/6vvskUOR5qM4FtinnZ/k38+8Qpv6dlszipwdyyGTRs4xSGGcWzpTEVr48iGJ0B1g04ILMNUN47qfHSrUgDPsWirlE',
        'YdDXgIVP42CMcbV8g8xTa1HTsOUoAxiSwwJ0JlDV4pE2BJxrIovBe29q0JFEdtfOsDrDhUsnhkl1ZEwWPwRLoBgLjbSe7yFIPTAC',
        'HKsR9HDkBBso0l8R9p6a35Jzil+dsMJSlnJi539Hysdv+3z//TH0tr97kOcnmNR8L2n7qUtLQGHPpmifrooT1Dw+LzfFSnmk7aCH',
        'NSiyvSRhuFvwg2b439xyqoBeVAZ0kVAg5rKE7b6DLQ2fexhjCHt2zZ6giEEjKOBkC4227QEpjHOUkiK2sfT6ezhEWRfNj4NwlxGd',
        'JP/r5eet6De/W1FYoy0ljGwFl7YAhKDxzK8etQWavvoU966eXN1AlgcfsMVVInTuGtC1ivb40cCt8lvNBWgQ/avckTqNAvNvPY7y',
        '3UK243g9v9ElqpEBhPf4lXHOKGBGPvYajq1eRcuTn37MqIfD17Uxlz93J314Pwg0tOGLo/pd4fIPk6DgEGUBEYrY34m/uwfaJ6Ku',
        'KwzPqk5xQ6M/ifrrBdDZirsNZn6K2AC+0Mkn0cvVfJc2mbj5yP1Jsi5Whhn6SPFR5u8D7GGWl3y84+xgd6ssxedpIQIDAQABoxMw',
        'ETAPBgNVHRMBAf8EBTADAQH/MA0GCSqGSIb3DQEBCwUAA4ICAQCbNS/PjGT483cKeYlmdZlX+ay4ZPLpqor+Re7F91WtE1nzdcLb',
        'JlzDLHA+crbZqXDOI/VQrYVbtByImeQyOfCY9L50BP5JYreztgg/vXXgyAAg77POXz9uZaWsOHsSuhkrudZZ4juzJCXw0wypngGR',
        '6fK+M4RH2eeEAPAJZpUK0kPpJItUJ95m7pRTGgq5Mf2EmIEZ7yLrKg/MNvlgPeI1QrAR+zFdrOYAw+Lig4yW2b56pdo9zwiyXgo7',
        'UjuqrdS1EyX7dhv93p2WIXzM4+JI37j2pbYZfdDab0swc2yBUhYB0vCUmIP3jNqcARHySAj5YkCtVNNCnvegG1lutr8+J5RgWxXZ',
        'H146H0rv3VIHEAHx+E1uegAY3xXpYB2VmN4LA1YB62GzW4QgroPvisUd8LKkCrg5MxtOG7RwGWpvBt5lidUjMQQqvVi6QoHTiAUl',
        'bXI9xxKMwIjiFPkfYrMCGNSQJHYLtwi2UT5TLO98hhVkB5m+7QINKgGvecsdC/nQ9mtTBmBHJkH1UoaCI9H7soEBSrQ2YT78Dmv0',
        '9oYadqatAbCSt9XsYkv8mSkOl0iqPa64uLrcLiwKrljNJnilFdO7skZ03rR4BoajQ3o4wGmTkx5QDclDbZp4nvTyypopoFL19J0E',
        'E0czFkKVpDPswSO3leFzAGYu3LU3wFeroQ==',
      ].join(''),
    ],
  },
};

/** Names of all bundled credentials. */
export const bundledNames = Object.keys(publicTestKeys) as BundledName[];
