/**
 * The program that the browser starts: a shell script that starts Node and stays until it ends. Browsers keep to
 * themselves what a helper prints on its standard error, and a Node that is gone can say nothing at all; so the script
 * keeps the end of it, and tells in one last message how the helper ended, unless it ended well. Everything else passes:
 * standard input and output are Node's own, a signal ends Node, and when Node has ended so has the script.
 *
 * POSIX sh, with what every system has in /usr/bin (mktemp, tail, od, tr): it must work where nothing else does.
 */
import { allowOption } from './caller.ts';

/** What of its standard error is told. Bytes. */
export const stderrTail = 4000;
/**
 * The message is padded with blanks (which JSON allows behind a value) to this length, so that the four bytes of its
 * length are the same every time and no shell has to compute binary. Bytes: two hexadecimal digits for each of the tail.
 */
export const exitedMessageBytes = 0x2100;

export interface LauncherOptions {
  /** Absolute path of Node. */
  readonly node: string;
  /** Absolute path of the helper's file. */
  readonly helper: string;
  /** Further extension ids that the helper is to serve. */
  readonly extensionIds: readonly string[];
  /** The byte order of this machine, which frames use. */
  readonly littleEndian: boolean;
}

/** The script's text. Paths have no line breaks. */
export function launcherScript({ node, helper, extensionIds, littleEndian }: LauncherOptions): string {
  const allow = extensionIds.map((id) => ` ${allowOption} ${quote(id)}`).join('');
  const high = `\\${(exitedMessageBytes >> 8).toString(8).padStart(3, '0')}`;
  const low = `\\${(exitedMessageBytes & 255).toString(8).padStart(3, '0')}`;
  const length = littleEndian ? `${low}${high}\\000\\000` : `\\000\\000${high}${low}`;
  return `#!/bin/sh
# Written by: dtlscope helper install
# Starts the helper, and tells the browser in one last message how it ended if it did not end well.
node=${quote(node)}
helper=${quote(helper)}
export PATH="\${PATH:-/usr/bin:/bin}"

# Started by hand: no messages, no watching.
[ -t 1 ] && exec "$node" "$helper"${allow} "$@"

# A signal ends Node, and Node's end ends this script. Node is killed, since a shell that was just forked may not hear
# anything milder; a helper has nothing to put in order, its sockets close with it.
child= signal=
stop() {
  signal=$1
  [ -z "$child" ] || kill -KILL "$child" 2>/dev/null
}
trap 'stop HUP' HUP
trap 'stop INT' INT
trap 'stop TERM' TERM

# Standard error goes into a file without a name, which ends with us. Without a folder for it, it goes where it went.
if file=$(mktemp "\${TMPDIR:-/tmp}/dtlscope-helper.XXXXXX" 2>/dev/null); then
  exec 4>>"$file" 5<"$file"
  rm -f "$file"
else
  exec 4>&2 5</dev/null
fi

# tell REASON CODE SIGNAL
tell() {
  text=$(tail -c ${stderrTail} <&5 | od -An -v -tx1 | tr -d ' \\n')
  printf '${length}%-${exitedMessageBytes}s' \\
    "{\\"kind\\":\\"exited\\",\\"reason\\":\\"$1\\",\\"code\\":$2,\\"signal\\":$3,\\"stderr\\":\\"$text\\"}"
}

# The browser may be writing to us. Without a reader that fails, and it would drop our message for the error: so the input
# stays open until there was time to read it.
leave() {
  [ "$1" -eq 0 ] || sleep 1
  exit "$1"
}

if [ ! -x "$node" ]; then
  echo "$node is not there any more, or may not be executed" >&4
  tell node-missing null null
  leave 127
fi
if [ ! -r "$helper" ]; then
  echo "$helper is not there any more, or may not be read" >&4
  tell helper-missing null null
  leave 127
fi

# In the background, because a shell hears signals only while it waits; what runs there gets no input unless it is told.
exec 3<&0
"$node" "$helper"${allow} "$@" <&3 3<&- 2>&4 4>&- 5<&- &
child=$!
exec 0</dev/null
[ -z "$signal" ] || kill -KILL "$child" 2>/dev/null
wait "$child"
status=$?
# A signal interrupts the waiting, before the child has ended.
if [ -n "$signal" ]; then
  wait "$child"
  tell ended null "\\"SIG$signal\\""
elif [ "$status" -gt 128 ]; then
  tell ended null "\\"SIG$(kill -l "$status")\\""
elif [ "$status" -ne 0 ]; then
  tell ended "$status" null
fi
# Its input is still open here, as 3.
leave "$status"
`;
}

/** The paths of Node and helper in a launcher of ours; undefined for one that somebody else wrote. */
export function readLauncher(script: string): { readonly node: string; readonly helper: string } | undefined {
  const node = assigned(script, 'node');
  const helper = assigned(script, 'helper');
  return node === undefined || helper === undefined ? undefined : { node, helper };
}

function assigned(script: string, name: string): string | undefined {
  const quoted = new RegExp(`^${name}='((?:[^'\\n]|'\\\\'')*)'$`, 'm').exec(script)?.[1];
  return quoted?.replaceAll("'\\''", "'");
}

/** For /bin/sh: within single quotes nothing is special but the quote itself. */
const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
