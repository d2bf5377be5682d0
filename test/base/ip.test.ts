import { expect, it } from 'vitest';
import { isPrivate } from '../../src/base/ip.ts';

it.each([
  ['10.1.2.3:4', true],
  ['11.0.0.1:4', false],
  ['127.0.0.1:4', true],
  ['172.16.0.1:4', true],
  ['172.31.255.255:4', true],
  ['172.32.0.1:4', false],
  ['192.168.0.1:4', true],
  ['192.169.0.1:4', false],
  ['169.254.9.9:4', true],
  ['100.64.0.1:4', true],
  ['100.127.0.1:4', true],
  ['100.128.0.1:4', false],
  ['[::1]:4', true],
  ['[fd12::1]:4', true],
  ['[fe80::1]:4', true],
  ['[fec0::1]:4', false],
  ['[2001:db8::1]:4', false],
  ['gateway.local:4', false],
  ['10.1.2.3', false],
] as const)('%s is private: %s', (address, expected) => {
  expect(isPrivate(address)).toBe(expected);
});
