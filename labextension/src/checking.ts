/** The verdict on a page, and the asking for it. */

import { expectReply } from './decode';
import { outcome } from './failure';
import type { Fix, Page, Report, StepDone } from './protocol';
import type { Remembering } from './remembering';
import type { IConnection, IFailure, IVerdict } from './tokens';

export class Checking implements IVerdict {
  constructor(connection: IConnection, remembering: Remembering, changed: () => void) {
    this._connection = connection;
    this._remembering = remembering;
    this._changed = changed;
  }

  report: Report | null = null;
  fixes: readonly Fix[] = [];
  checkedAt: Date | null = null;
  outdated = false;
  checking = false;
  failure: IFailure | null = null;

  /** What was said of another kernel is not true of this one. */
  forget(): void {
    this.report = null;
    this.fixes = [];
    this.failure = null;
  }

  /** Check a page; where that can't be done, `failure` says why. */
  async check(page: Page): Promise<void> {
    this.checking = true;
    this._changed();
    this.failure = await outcome(this._ask(page));
    this.checking = false;
    this.outdated = false;
    this._changed();
  }

  /** Take what a step found, that looked closer than `check` does. */
  take({ report, fixes }: StepDone): boolean {
    if (report === null) {
      return false;
    }
    this.report = report;
    this.fixes = fixes;
    this.checkedAt = new Date();
    this.outdated = false;
    this.failure = null;
    return true;
  }

  private async _ask(page: Page): Promise<void> {
    const earlier = this._remembering.toTell();
    const reply = expectReply(
      await this._connection.ask({ kind: 'check', page, earlier }),
      'report'
    );
    this.report = reply.report;
    this.fixes = reply.fixes;
    this.checkedAt = new Date();
    this._remembering.heard();
  }

  private readonly _connection: IConnection;
  private readonly _remembering: Remembering;
  private readonly _changed: () => void;
}
