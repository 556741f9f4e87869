/** Turns a request into a plain JSON value, the only thing that a comm carries. */

import type { JSONValue } from '@lumino/coreutils';

export function encode(value: unknown): JSONValue {
  if (
    value === null ||
    typeof value === 'string' ||
    typeof value === 'number' ||
    typeof value === 'boolean'
  ) {
    return value;
  }
  if (Array.isArray(value)) {
    return value.map(encode);
  }
  if (typeof value === 'object') {
    const kept = Object.entries(value).filter(([, item]) => item !== undefined);
    return Object.fromEntries(kept.map(([key, item]) => [key, encode(item)]));
  }
  throw new TypeError(`A message can't carry a ${typeof value}`);
}
