/** When a kernel is told what its notebook remembers of earlier ones, and when that is kept anew. */

import type { Earlier } from './protocol';
import type { IDocument } from './tokens';

type Memory = Pick<IDocument, 'remembered' | 'remember'>;

export class Remembering {
  constructor(memory: Memory) {
    this._memory = memory;
  }

  /** Whether the user wants anything remembered. */
  isWanted = true;

  /** A kernel has been reached: it has yet to be told. */
  begin(): void {
    this._record = null;
    this._isFresh = true;
  }

  /** What to tell this kernel; null where it has been told, or there is nothing. */
  toTell(): Earlier | null {
    return this._isFresh && this.isWanted ? this._memory.remembered() : null;
  }

  /** The kernel has been told. */
  heard(): void {
    this._isFresh = false;
  }

  /** The kernel gave this to keep; null where what is kept stands, or it has yet to be told of that. */
  keep(record: Earlier['record'] | null): void {
    if (this._isFresh) {
      return;
    }
    this._record = record ?? this._record;
    this.keepAgain();
  }

  /** What the cells show may have come after the kernel's answer. */
  keepAgain(): void {
    if (this._record !== null && this.isWanted) {
      this._memory.remember(this._record);
    }
  }

  private readonly _memory: Memory;
  private _record: Earlier['record'] | null = null;
  private _isFresh = true;
}
