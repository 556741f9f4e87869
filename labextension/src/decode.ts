/** Narrows what arrives from the kernel: nothing behind this file ever sees an unchecked message. */

import { MalformedMessage, Refused } from './failure';
import type { Event, Reply, Request, Shape } from './protocol';
import { KINDS, STRUCTS } from './protocol';

export function decodeReply(value: unknown): Reply {
  return decode(value, 'Reply', isReply);
}

export function decodeEvent(value: unknown): Event {
  return decode(value, 'Event', isEvent);
}

export function isRequest(value: unknown): value is Request {
  return faultIn(value, 'Request') === null;
}

/** The reply if it is of the kind asked for. Throws `Refused` where the kernel side says no. */
export function expectReply<K extends Reply['kind']>(
  reply: Reply,
  kind: K
): Extract<Reply, { kind: K }> {
  if (isOfKind(reply, kind)) {
    return reply;
  }
  if (reply.kind === 'error') {
    throw new Refused(reply.message, reply.hint);
  }
  throw new MalformedMessage(`Reply: expected ${kind}, not ${reply.kind}`);
}

function isOfKind<K extends Reply['kind']>(
  reply: Reply,
  kind: K
): reply is Extract<Reply, { kind: K }> {
  return reply.kind === kind;
}

function isReply(value: unknown): value is Reply {
  return faultIn(value, 'Reply') === null;
}

function isEvent(value: unknown): value is Event {
  return faultIn(value, 'Event') === null;
}

type Role = keyof typeof KINDS;
type Fields = Readonly<Record<string, unknown>>;

function decode<T>(value: unknown, role: Role, is: (value: unknown) => value is T): T {
  if (is(value)) {
    return value;
  }
  throw new MalformedMessage(faultIn(value, role) ?? `not a ${role}`);
}

function faultIn(value: unknown, role: Role): string | null {
  const kinds: Readonly<Record<string, string>> = KINDS[role];
  const kind = isFields(value) ? value.kind : undefined;
  const struct = typeof kind === 'string' && Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
  if (struct === undefined) {
    return `${role}: there is no kind ${JSON.stringify(kind)}`;
  }
  return fault(value, { struct }, struct);
}

/** What is wrong with `value`, or null. */
function fault(value: unknown, shape: Shape, place: string): string | null {
  if (typeof shape === 'string') {
    return isPlain(value, shape) ? null : `${place}: expected ${shape}`;
  }
  if ('literal' in shape) {
    const known = typeof value === 'string' && shape.literal.includes(value);
    return known ? null : `${place}: expected one of ${shape.literal.join(', ')}`;
  }
  if ('anyOf' in shape) {
    const some = shape.anyOf.some(member => fault(value, member, place) === null);
    return some ? null : `${place}: none of what it may be`;
  }
  return compoundFault(value, shape, place);
}

type Compound = Extract<Shape, { list: Shape } | { map: Shape } | { struct: string }>;

function compoundFault(value: unknown, shape: Compound, place: string): string | null {
  if ('list' in shape) {
    return Array.isArray(value)
      ? firstFault(value.entries(), shape.list, place)
      : `${place}: expected a list`;
  }
  if (!isFields(value)) {
    return `${place}: expected an object`;
  }
  if ('map' in shape) {
    return firstFault(Object.entries(value), shape.map, place);
  }
  return structFault(value, STRUCTS[shape.struct] ?? {}, place);
}

/** Fields that we don't know are let through: a newer kernel side may send more. */
function structFault(
  value: Fields,
  fields: Readonly<Record<string, Shape>>,
  place: string
): string | null {
  for (const [field, shape] of Object.entries(fields)) {
    const name = field.replace('?', '');
    if (!Object.hasOwn(value, name) && name !== field) {
      continue;
    }
    const found = fault(value[name], shape, `${place}.${name}`);
    if (found !== null) {
      return found;
    }
  }
  return null;
}

function firstFault(
  entries: Iterable<[string | number, unknown]>,
  shape: Shape,
  place: string
): string | null {
  for (const [key, value] of entries) {
    const found = fault(value, shape, `${place}[${String(key)}]`);
    if (found !== null) {
      return found;
    }
  }
  return null;
}

function isPlain(value: unknown, shape: Extract<Shape, string>): boolean {
  switch (shape) {
    case 'text':
      return typeof value === 'string';
    case 'integer':
      return Number.isInteger(value);
    case 'number':
      return typeof value === 'number';
    case 'flag':
      return typeof value === 'boolean';
    case 'none':
      return value === null;
    case 'anything':
      return true;
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
