/** Why something asked of the kernel was not done. */

import type { IFailure } from './tokens';

/** The kernel, or the way to it, went away before it had answered. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost';
}

/** The kernel side understood the request and says why it can't do it. */
export class Refused extends Error {
  override readonly name = 'Refused';

  constructor(
    message: string,
    readonly hint: string
  ) {
    super(message);
  }
}

/** A message that is not what the protocol says; its text names the place. */
export class MalformedMessage extends Error {
  override readonly name = 'MalformedMessage';
}

export function failureOf(error: unknown): IFailure {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof Refused) {
    return { reason: 'refused', message, hint: error.hint, marking: null };
  }
  const reason = error instanceof ConnectionLost ? 'lost' : 'malformed';
  return { reason, message, hint: '', marking: null };
}

/** Why it could not be done, or null. A lost connection is told by its own state, and made good when it is back. */
export async function outcome(request: Promise<void>): Promise<IFailure | null> {
  try {
    await request;
    return null;
  } catch (error) {
    return error instanceof ConnectionLost ? null : failureOf(error);
  }
}
