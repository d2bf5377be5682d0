/**
 * A network namespace with a cable to this one: two hosts on one machine, for peers that will not talk over loopback. Only
 * root can make one. Names and addresses are drawn from the process id, so that runs side by side don't meet.
 */
import { execFileSync, spawnSync } from 'node:child_process';

export interface Namespace {
  readonly name: string;
  /** Our end of the cable, and theirs. */
  readonly here: string;
  readonly there: string;
  /** What to put in front of a command so that it runs inside. */
  readonly enter: readonly string[];
  /** Takes the cable and the name away; what still runs inside must be stopped before. */
  remove(): void;
}

let made = 0;

/** Throws, with what to do, when this process may not make namespaces. */
export function makeNamespace(): Namespace {
  if (process.getuid?.() !== 0) throw new Error('network namespaces need root: run the tests as root');
  const id = (process.pid * 8 + made++) % 16_000;
  const name = `dtlscope-${id}`;
  const [ours, theirs] = [`ds${id}h`, `ds${id}n`];
  const net = `10.${64 + (id >> 8)}.${id & 255}`;
  const [here, there] = [`${net}.1`, `${net}.2`];
  const remove = (): void => {
    // The cable goes with the namespace, but only when its last process is gone.
    spawnSync('ip', ['link', 'del', ours]);
    spawnSync('ip', ['netns', 'del', name]);
  };
  const ip = (...args: readonly string[]): void => {
    execFileSync('ip', [...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  };
  remove();
  try {
    ip('netns', 'add', name);
    ip('link', 'add', ours, 'type', 'veth', 'peer', 'name', theirs, 'netns', name);
    ip('addr', 'add', `${here}/30`, 'dev', ours);
    ip('link', 'set', ours, 'up');
    ip('-n', name, 'addr', 'add', `${there}/30`, 'dev', theirs);
    ip('-n', name, 'link', 'set', 'lo', 'up');
    ip('-n', name, 'link', 'set', theirs, 'up');
    ip('-n', name, 'route', 'add', 'default', 'via', here);
  } catch (error) {
    remove();
    throw error;
  }
  return { name, here, there, enter: ['ip', 'netns', 'exec', name], remove };
}
