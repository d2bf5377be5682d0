/**
 * What the link did to a datagram, as the comment of its frame: people read it in Wireshark, and we read it back, so that a
 * run that went through a pcapng still knows what was lost. Times of arrival are not in it; what arrived late or twice is
 * taken to have arrived when it was sent.
 */
import { unreachable } from '../base/unreachable.ts';
import type { LinkAction, QueueState, TraceTime } from '../trace/model.ts';

/** The comment; `undefined` for what needs none. */
export function formatLinkComment(action: LinkAction, rule: string): string | undefined {
  const text = actionText(action);
  if (text === undefined) return undefined;
  return rule === '' ? `${mark}${text}` : `${mark}${text} (${rule})`;
}

/** Reads such a comment; `undefined` for any other. `at` is when the datagram was sent. */
export function parseLinkComment(
  comment: string,
  at: TraceTime,
): { readonly action: LinkAction; readonly rule: string } | undefined {
  if (!comment.startsWith(mark)) return undefined;
  const [, text = '', rule = ''] = /^(.*?)(?: \((.*)\))?$/s.exec(comment.slice(mark.length)) ?? [];
  const action = actionOf(text, at);
  return action && { action, rule };
}

const mark = 'link: ';

function actionText(action: LinkAction): string | undefined {
  switch (action.kind) {
    case 'delivered':
      return undefined;
    case 'lost':
      return 'lost, never arrived';
    case 'too-large':
      return `dropped, larger than the path's MTU of ${action.mtu}${action.toldAt === undefined ? '' : ', and the sender was told'}`;
    case 'queue-full':
      return `dropped, the queue was full${action.queue ? `: ${queueText(action.queue)}` : ''}`;
    case 'queued':
      return `waited ${milliseconds(action.ms)} ms in the queue: ${queueText(action.queue)}`;
    case 'truncated':
      return `cut to ${action.to} bytes before it arrived`;
    case 'corrupted':
      return 'arrived with other bytes than these';
    case 'duplicated':
      return 'arrived a second time';
    case 'held-back':
      return 'held back, arrived late';
    default:
      return unreachable(action);
  }
}

function actionOf(text: string, at: TraceTime): LinkAction | undefined {
  const number = Number(/\d{1,9}/.exec(text)?.[0] ?? 0);
  const queue = queueOf(/ queue(?: was full)?: (.*)$/s.exec(text)?.[1] ?? '');
  const ms = Number(/^waited (\d{1,9}(?:\.\d{1,3})?) ms /.exec(text)?.[1] ?? 0);
  const candidates: readonly LinkAction[] = [
    { kind: 'lost' },
    { kind: 'too-large', mtu: number },
    { kind: 'too-large', mtu: number, toldAt: at },
    { kind: 'queue-full' },
    ...(queue
      ? ([
          { kind: 'queue-full', queue },
          { kind: 'queued', ms, queue, at },
        ] as const)
      : []),
    { kind: 'truncated', to: number, at },
    { kind: 'corrupted', at },
    { kind: 'duplicated', at },
    { kind: 'held-back', at },
  ];
  return candidates.find((action) => actionText(action) === text);
}

/** Without brackets: what stands in them at the end is the rule. */
const queueText = ({ bytes, loadBytes, loads }: QueueState): string =>
  `${bytes} bytes before it${loads.length === 0 ? '' : `, ${loadBytes} of them by ${loads.join(' and ')}`}`;

function queueOf(text: string): QueueState | undefined {
  const [, bytes, loadBytes = '0', loads] =
    /^(\d{1,10}) bytes before it(?:, (\d{1,10}) of them by (.+))?$/s.exec(text) ?? [];
  if (bytes === undefined) return undefined;
  return { bytes: Number(bytes), loadBytes: Number(loadBytes), loads: loads?.split(' and ') ?? [] };
}

/** To a microsecond: what a queue of bytes takes has no end of decimals. */
const milliseconds = (ms: number): number => Math.round(ms * 1000) / 1000;
