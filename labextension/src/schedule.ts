/** When to do a task that many things ask for: never twice at once, and not on every key press. */

/** A pause in what the user does, in milliseconds. */
const PAUSE = 300;
/** How long a stream of changes can put the task off. */
const PATIENCE = 2000;

export class Schedule {
  constructor(task: () => Promise<void>) {
    this._task = task;
  }

  get isRunning(): boolean {
    return this._isRunning;
  }

  /** Do the task after a pause; each further call before then starts the pause anew. */
  soon(): void {
    const now = Date.now();
    const first = this._timer === null ? now : this._firstAsked;
    clearTimeout(this._timer ?? undefined);
    this._firstAsked = first;
    this._timer = setTimeout(
      () => {
        this.now();
      },
      Math.max(0, Math.min(PAUSE, first + PATIENCE - now))
    );
  }

  /** Do the task at once, unless it has just been done: then after a pause, so that a run of all cells is not held up. */
  promptly(): void {
    if (Date.now() - this._lastEnded < PAUSE || this._isRunning) {
      this.soon();
    } else {
      this.now();
    }
  }

  /** Do the task at once, or again right after the run that is under way. */
  now(): void {
    this.cancel();
    if (this._isRunning) {
      this._again = true;
    } else {
      void this._run();
    }
  }

  /** Forget what was asked for and has not begun. */
  cancel(): void {
    clearTimeout(this._timer ?? undefined);
    this._timer = null;
    this._again = false;
  }

  private async _run(): Promise<void> {
    this._isRunning = true;
    try {
      do {
        this._again = false;
        await this._task();
      } while (this._asksAgain());
    } finally {
      this._isRunning = false;
      this._lastEnded = Date.now();
    }
  }

  private _asksAgain(): boolean {
    return this._again;
  }

  private readonly _task: () => Promise<void>;
  private _timer: ReturnType<typeof setTimeout> | null = null;
  private _firstAsked = 0;
  private _lastEnded = -Infinity;
  private _isRunning = false;
  private _again = false;
}
