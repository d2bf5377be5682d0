/** Ends a `switch` over a closed union: adding a member without handling it stops compiling here. */
export function unreachable(value: never): never {
  throw new Error(`not handled: ${JSON.stringify(value)}`);
}
