/** The inspector's side of a codec walk: field trees, and the one error that decoding may throw. */

/** A field's place in its buffer, what it is called, and what it holds. */
export interface FieldNode {
  readonly name: string;
  readonly start: number;
  readonly end: number;
  /** The decoded value; absent on what could not be read. */
  readonly value?: unknown;
  /** How people call the value ("TLS_AES_128_GCM_SHA256", "malformed"). */
  readonly label?: string;
  /** The RFC section that defines the field. */
  readonly see?: string;
  readonly children: readonly FieldNode[];
}

export type DecodeErrorCode = 'short' | 'trailing' | 'bad-length' | 'bad-value';

/** Why an input is not what it should be: a code, the offset of the fault, and the path of fields that led there. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
  readonly code: DecodeErrorCode;
  readonly at: number;
  readonly path: string;

  constructor(code: DecodeErrorCode, at: number, path: string, message: string) {
    super(`${path || '(root)'} at byte ${at}: ${message}`);
    this.code = code;
    this.at = at;
    this.path = path;
  }
}

interface OpenNode {
  name: string;
  start: number;
  end: number;
  value?: unknown;
  label?: string;
  see?: string;
  children: OpenNode[];
}

/** Builds the tree while a reader walks. Only made for the buffer that somebody looks at. */
export class TreeTracer {
  readonly #top: OpenNode = { name: '', start: 0, end: 0, children: [] };
  readonly #open: OpenNode[] = [this.#top];

  /** The node of the whole input. */
  get root(): FieldNode {
    return this.#top.children[0] ?? this.#top;
  }

  enter(name: string, at: number, see: string | undefined): void {
    const node: OpenNode = { name, start: at, end: at, children: [] };
    if (see !== undefined) node.see = see;
    this.#open.at(-1)?.children.push(node);
    this.#open.push(node);
  }

  leave(at: number, value: unknown, label: string | undefined): void {
    const node = this.#open.pop();
    if (!node) throw new Error('left a field that was never entered');
    node.end = at;
    node.value = value;
    if (label !== undefined) node.label = label;
  }

  /** Closes what a failed walk left open and keeps the unread bytes as one leaf, so that leaves always tile the input. */
  abandon(at: number, end: number): void {
    while (this.#open.length > 1) this.leave(at, undefined, 'malformed');
    const root = this.#top.children[0];
    if (root && at < end) {
      // A root without fields of its own has read its bytes itself.
      if (root.children.length === 0 && at > 0) root.children.push({ name: 'data', start: 0, end: at, children: [] });
      root.children.push({ name: 'unparsed', start: at, end, children: [] });
      root.end = end;
    }
  }
}
