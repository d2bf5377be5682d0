import { describe, expect, it } from 'vitest';
import { helperErrors } from '../../src/bridge/messages.ts';
import { broadcastAddress, canonical, Guard, helperLimits } from '../../src/helper/guard.ts';

function guardAt(time: { now: number }): Guard {
  return new Guard({ limits: helperLimits, now: () => time.now, broadcasts: () => ['192.0.2.255'] });
}

const send = (guard: Guard, times: number, to = 'peer', socket = 1, bytes = 10): (number | undefined)[] =>
  [...Array(times)].map(() => guard.refuseDatagram(socket, to, bytes)?.code);
const allowed = (codes: readonly (number | undefined)[]): number => codes.filter((code) => code === undefined).length;

describe('the allowance before an answer', () => {
  it('is 64 datagrams, and stays spent on that socket however long it waits', () => {
    const time = { now: 0 };
    const guard = guardAt(time);
    expect(allowed(send(guard, 100))).toBe(64);
    time.now = 3_600_000;
    expect(send(guard, 1)).toEqual([helperErrors.floodBeforeAnswer]);
  });

  it('is not renewed by opening the next socket, only slowly by time', () => {
    const time = { now: 0 };
    const guard = guardAt(time);
    send(guard, 64);
    guard.closed(1);
    expect(allowed(send(guard, 10, 'peer', 2))).toBe(0);
    time.now = 5000;
    expect(allowed(send(guard, 100, 'peer', 3))).toBe(20);
    time.now = 65_000;
    expect(allowed(send(guard, 100, 'peer', 4))).toBe(64);
  });

  it('is counted for each destination alone', () => {
    const guard = guardAt({ now: 0 });
    send(guard, 64, 'a');
    expect(allowed(send(guard, 64, 'b'))).toBe(64);
  });

  it('is lifted by an answer from exactly there, and only on that socket', () => {
    const guard = guardAt({ now: 0 });
    send(guard, 64);
    guard.answered(1, 'somebody else');
    expect(allowed(send(guard, 1))).toBe(0);
    guard.answered(1, 'peer');
    expect(allowed(send(guard, 500))).toBe(500);
    expect(allowed(send(guard, 100, 'peer', 2))).toBe(64);
  });

  it('is not lifted in advance: a stranger who spoke first gets it too, until he speaks again', () => {
    const guard = guardAt({ now: 0 });
    guard.answered(1, 'stranger');
    expect(allowed(send(guard, 100, 'stranger'))).toBe(64);
    guard.answered(1, 'stranger');
    expect(allowed(send(guard, 100, 'stranger'))).toBe(100);
  });

  it('does not let many destinations fill the memory', () => {
    const time = { now: 0 };
    const guard = guardAt(time);
    let ok = 0;
    for (let i = 0; i < 5000; i++) {
      time.now += 1;
      if (guard.refuseDatagram(1, `peer ${i}`, 1000) === undefined) ok += 1;
    }
    expect(ok).toBe(1024);
  });
});

describe('the rate cap', () => {
  it('holds over all sockets and peers, and refills with time', () => {
    const time = { now: 0 };
    const guard = guardAt(time);
    for (const socket of [1, 2]) {
      send(guard, 1, 'peer', socket);
      guard.answered(socket, 'peer');
    }
    const codes = [...send(guard, 1500, 'peer', 1), ...send(guard, 1500, 'peer', 2)];
    expect(allowed(codes)).toBe(helperLimits.datagramsPerSecond - 2);
    expect(codes.at(-1)).toBe(helperErrors.rateExceeded);
    time.now = 100;
    expect(allowed(send(guard, 1000))).toBe(helperLimits.datagramsPerSecond / 10);
  });
});

describe('addresses', () => {
  it('are compared in one spelling', () => {
    expect(canonical('2001:DB8:0:0::1')?.address).toBe('2001:db8::1');
    expect(canonical('fe80::1%eth0')).toEqual({ address: 'fe80::1%eth0', family: 6 });
    for (const bad of ['', 'localhost', '1.2.3', '010.1.1.1', '1.2.3.4%eth0', '::1%a%b', '0x7f.1']) {
      expect(canonical(bad), bad).toBeUndefined();
    }
  });

  it('of a subnet’s broadcast are refused', () => {
    expect(guardAt({ now: 0 }).refuseAddress('192.0.2.255', 4, 5000)?.code).toBe(helperErrors.forbiddenAddress);
    expect(guardAt({ now: 0 }).refuseAddress('192.0.2.254', 4, 5000)).toBeUndefined();
    expect(broadcastAddress('192.168.17.5', '255.255.240.0')).toBe('192.168.31.255');
    expect(broadcastAddress('192.168.17.5', '255.255.255.255')).toBeUndefined();
    expect(broadcastAddress('192.168.17.4', '255.255.255.254')).toBeUndefined();
  });

  it.each(['127.0.0.1', '192.168.1.1', '8.8.8.8', '::1', 'fe80::1%eth0', '2001:db8::1'])(
    'such as %s pass',
    (address) => {
      const to = canonical(address);
      expect(to && guardAt({ now: 0 }).refuseAddress(to.address, to.family, 443)).toBeUndefined();
    },
  );
});
