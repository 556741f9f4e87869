/** What is known of one notebook, and when to ask its kernel for more. */

import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import { expectReply } from './decode';
import { outcome } from './failure';
import { Journey } from './journey';
import type { Event, Page, Report } from './protocol';
import { Remembering } from './remembering';
import { Schedule } from './schedule';
import type {
  Attachment,
  IConnection,
  IDocument,
  IFailure,
  IProdkitModel,
  IStep,
  OptionValue
} from './tokens';

export class ProdkitModel implements IProdkitModel {
  constructor(document: IDocument, connection: IConnection) {
    this._document = document;
    this._connection = connection;
    this._remembering = new Remembering(document);
    this._page = document.page();
    this._journey = new Journey(connection, () => {
      this._stateChanged.emit();
    });
    this._schedule = new Schedule(() => this._refresh());
    document.changed.connect(this._onPageChanged, this);
    connection.attachmentChanged.connect(this._onAttachment, this);
    connection.event.connect(this._onEvent, this);
  }

  get id(): string {
    return this._document.id;
  }

  get stateChanged(): ISignal<this, void> {
    return this._stateChanged;
  }

  get attachment(): Attachment {
    return this._connection.attachment;
  }

  get page(): Page {
    return this._page;
  }

  get report(): Report | null {
    return this._report;
  }

  get checkedAt(): Date | null {
    return this._checkedAt;
  }

  get outdated(): boolean {
    return this._isOutdated;
  }

  get checking(): boolean {
    return this._isChecking;
  }

  get failure(): IFailure | null {
    return this._failure;
  }

  get steps(): readonly IStep[] {
    return this._journey.steps;
  }

  get models(): readonly string[] {
    return this._journey.models;
  }

  get isActive(): boolean {
    return this._isActive;
  }

  set isActive(value: boolean) {
    if (value === this._isActive) {
      return;
    }
    this._isActive = value;
    if (value) {
      this._connection.attach();
      this._wake();
    } else {
      this._schedule.cancel();
    }
  }

  get automatic(): boolean {
    return this._automatic;
  }

  set automatic(value: boolean) {
    this._automatic = value;
    this._wake();
  }

  get remembersRuns(): boolean {
    return this._remembering.isWanted;
  }

  set remembersRuns(value: boolean) {
    this._remembering.isWanted = value;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  attach(): void {
    this._connection.attach();
  }

  check(): void {
    this._isAsked = true;
    this._connection.attach();
    this._wake();
  }

  run(step: string): Promise<void> {
    return this._journey.run(step, this._document.page());
  }

  cancel(step: string): Promise<void> {
    return this._journey.cancel(step);
  }

  option(step: string, name: string): OptionValue | undefined {
    return this._journey.option(step, name);
  }

  setOption(step: string, name: string, value: OptionValue): void {
    this._journey.setOption(step, name, value);
  }

  reveal(cellId: string): void {
    void this._document.reveal(cellId);
  }

  rerun(cellIds: readonly string[]): void {
    void this._document.rerun(cellIds);
  }

  async restore(run: number): Promise<void> {
    const failure = await outcome(this._restore(run));
    if (failure !== null) {
      this._failure = failure;
      this._stateChanged.emit();
    }
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._schedule.cancel();
    this._connection.dispose();
    this._document.dispose();
    Signal.clearData(this);
  }

  /** Ask at once for what nobody looked at when it happened. */
  private _wake(): void {
    if (
      this.attachment.status === 'attached' &&
      (this._isAsked || (this._isActive && this._isMoved))
    ) {
      this._schedule.now();
    }
  }

  /** Something in the kernel or on the page is not as it was. */
  private _touch(): void {
    if (this._isActive && this.attachment.status === 'attached') {
      this._schedule.soon();
    }
  }

  private _onAttachment(): void {
    const { attachment } = this;
    if (attachment.status === 'attached') {
      this._journey.begin(attachment.steps);
      this._remembering.begin();
      this._isMoved = true;
      this._wake();
    } else if (attachment.status !== 'connecting' && attachment.status !== 'waiting') {
      // What was said of another kernel is not true of this one.
      this._report = null;
      this._failure = null;
      this._journey.begin([]);
    }
    this._stateChanged.emit();
  }

  private _onPageChanged(): void {
    this._isEdited = true;
    this._touch();
  }

  private _onEvent(_: IConnection, event: Event): void {
    if (event.kind === 'progress') {
      this._journey.hear(event);
      return;
    }
    if (event.kind === 'repair') {
      this.rerun(event.cell_ids);
      return;
    }
    this._isMoved = true;
    if (event.kind === 'executed') {
      this._touch();
    } else {
      this._journey.hear(event);
      this._wake();
    }
  }

  private async _refresh(): Promise<void> {
    const page = this._document.page();
    const isNews = this._isAsked || this._isMoved || (this._isEdited && !isSame(page, this._page));
    this._isEdited = false;
    if (!isNews) {
      this._remembering.keepAgain();
      return;
    }
    const checks = this._isAsked || this._automatic;
    this._isAsked = this._isMoved = false;
    this._page = page;
    this._isChecking = checks;
    this._stateChanged.emit();
    const unchecked = checks ? await outcome(this._check(page)) : null;
    this._isChecking = false;
    // Where the steps stand is told even where the check can't be made.
    const unsettled = await outcome(this._askStates(page));
    this._isOutdated = !checks;
    this._failure = unchecked ?? unsettled;
    this._stateChanged.emit();
  }

  private async _check(page: Page): Promise<void> {
    const earlier = this._remembering.toTell();
    const reply = expectReply(
      await this._connection.ask({ kind: 'check', page, earlier }),
      'report'
    );
    this._report = reply.report;
    this._remembering.keep(reply.kept);
    this._checkedAt = new Date();
    this._stateChanged.emit();
  }

  private async _restore(run: number): Promise<void> {
    const page = this._document.page();
    const reply = await this._connection.ask({ kind: 'restore', run, page });
    await this._document.restore(expectReply(reply, 'restored'));
  }

  private async _askStates(page: Page): Promise<void> {
    const reply = await this._connection.ask({ kind: 'states', page });
    this._journey.settle(expectReply(reply, 'states'));
  }

  private readonly _document: IDocument;
  private readonly _connection: IConnection;
  private readonly _journey: Journey;
  private readonly _schedule: Schedule;
  private readonly _remembering: Remembering;
  private readonly _stateChanged = new Signal<this, void>(this);
  private _page: Page;
  private _report: Report | null = null;
  private _checkedAt: Date | null = null;
  private _failure: IFailure | null = null;
  private _isActive = false;
  private _automatic = true;
  private _isAsked = false;
  /** Something ran, or a step ended, since the last refresh. */
  private _isMoved = false;
  private _isEdited = false;
  private _isOutdated = false;
  private _isChecking = false;
  private _isDisposed = false;
}

function isSame(one: Page, other: Page): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
