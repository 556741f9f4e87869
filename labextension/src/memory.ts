/** What a notebook's metadata keep of what ran: the kernel side's record, and digests of what the cells showed. */

import type { JSONObject, JSONValue } from '@lumino/coreutils';
import { JSONExt } from '@lumino/coreutils';

import { encode } from './encode';
import type { Earlier } from './protocol';

type Fields = Readonly<Record<string, unknown>>;

/** What is kept, for the kernel side; `shown` gives a digest of what each cell shows now. */
export function remembered(kept: unknown, shown: ReadonlyMap<string, string>): Earlier | null {
  if (!isFields(kept) || !isFields(kept.record) || !isFields(kept.outputs)) {
    return null;
  }
  const then = kept.outputs;
  const unchanged = Array.from(shown.keys()).filter(id => then[id] === shown.get(id));
  return { record: kept.record, unchanged };
}

/** What to keep from now on; null where that is kept already, or nothing is to be kept. */
export function noted(
  kept: unknown,
  record: Earlier['record'],
  shown: ReadonlyMap<string, string>
): JSONObject | null {
  if (kept === false) {
    return null;
  }
  const cells = isFields(record.runs) ? Object.keys(record.runs) : [];
  const outputs = Object.fromEntries(cells.map(id => [id, shown.get(id) ?? '']));
  const now: JSONObject = { record: encode(record), outputs };
  return isFields(kept) && JSONExt.deepEqual(encode(kept), now) ? null : now;
}

/** A short digest of a cell's outputs in nbformat's shape; the same when they come back from a file. */
export function outputsDigest(outputs: readonly unknown[]): string {
  return digest(JSON.stringify(outputs.map(settled)));
}

/** Without what is not saved, or numbers the run; with its keys in order and its lines in one text. */
function settled(value: unknown): JSONValue {
  if (Array.isArray(value)) {
    const isText = value.length > 0 && value.every(line => typeof line === 'string');
    return isText ? value.join('') : value.map(settled);
  }
  if (!isFields(value)) {
    return encode(value ?? null);
  }
  const names = Object.keys(value).filter(
    name => name !== 'transient' && name !== 'execution_count'
  );
  return Object.fromEntries(names.sort().map(name => [name, settled(value[name])]));
}

/** 53 bits of the text: enough to see that it is another (cyrb53). */
function digest(text: string): string {
  let one = 0xdeadbeef;
  let two = 0x41c6ce57;
  for (let place = 0; place < text.length; place++) {
    const code = text.charCodeAt(place);
    one = Math.imul(one ^ code, 2654435761);
    two = Math.imul(two ^ code, 1597334677);
  }
  one = Math.imul(one ^ (one >>> 16), 2246822507) ^ Math.imul(two ^ (two >>> 13), 3266489909);
  two = Math.imul(two ^ (two >>> 16), 2246822507) ^ Math.imul(one ^ (one >>> 13), 3266489909);
  return ((two >>> 0) * 4294967296 + (one >>> 0)).toString(36);
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
