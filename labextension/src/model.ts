/** What is known of one notebook, and when to ask its kernel for more. */

import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import { Checking } from './checking';
import { expectReply } from './decode';
import { outcome } from './failure';
import { Fixing } from './fixing';
import { Journey } from './journey';
import { isOrder, obey } from './orders';
import { isSamePage } from './page';
import type { Event, FlowsReply, Page } from './protocol';
import { Remembering } from './remembering';
import { Schedule } from './schedule';
import type { Attachment, IActiveCell, IConnection, IDocument, IProdkitModel } from './tokens';

export class ProdkitModel implements IProdkitModel {
  constructor(document: IDocument, connection: IConnection) {
    const changed = (): void => {
      this._stateChanged.emit();
    };
    this._document = document;
    this._connection = connection;
    this._remembering = new Remembering(document);
    this._page = document.page();
    this.verdict = new Checking(connection, this._remembering, changed);
    this.journey = new Journey(connection, () => document.page(), changed);
    this.fixing = new Fixing(document, connection, failure => {
      this.verdict.failure = failure ?? this.verdict.failure;
      changed();
    });
    this._schedule = new Schedule(() => this._refresh());
    document.changed.connect(this._onPageChanged, this);
    document.activeChanged.connect(this._onSeen, this);
    connection.attachmentChanged.connect(this._onAttachment, this);
    connection.blockedChanged.connect(this._onSeen, this);
    connection.event.connect(this._onEvent, this);
  }

  readonly verdict: Checking;
  readonly journey: Journey;
  readonly fixing: Fixing;
  flows: FlowsReply | null = null;
  isDisposed = false;

  get id(): string {
    return this._document.id;
  }

  get stateChanged(): ISignal<this, void> {
    return this._stateChanged;
  }

  get attachment(): Attachment {
    return this._connection.attachment;
  }

  get isBlocked(): boolean {
    return this._connection.isBlocked;
  }

  get isReadOnly(): boolean {
    return this._document.isReadOnly;
  }

  get page(): Page {
    return this._page;
  }

  get activeCell(): IActiveCell | null {
    return this._document.activeCell();
  }

  get isActive(): boolean {
    return this._isActive;
  }

  set isActive(value: boolean) {
    this._isActive = value;
    this._lookOrRest();
  }

  get hasBadges(): boolean {
    return this._hasBadges;
  }

  set hasBadges(value: boolean) {
    this._hasBadges = value;
    this._lookOrRest();
  }

  get wantsFlows(): boolean {
    return this._wantsFlows;
  }

  set wantsFlows(value: boolean) {
    this._wantsFlows = value;
    if (value && this._isWatched && this.attachment.status === 'attached') {
      void this._askFlows(this._page);
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

  attach(): void {
    this._connection.attach();
  }

  check(): void {
    this._isAsked = true;
    this._connection.attach();
    this._wake();
  }

  reveal(cellId: string): void {
    void this._document.reveal(cellId);
  }

  rerun(cellIds: readonly string[]): void {
    void this._document.rerun(cellIds);
  }

  dispose(): void {
    if (this.isDisposed) {
      return;
    }
    this.isDisposed = true;
    this._schedule.cancel();
    this._connection.dispose();
    this._document.dispose();
    Signal.clearData(this);
  }

  private get _isWatched(): boolean {
    return this._isActive || this._hasBadges;
  }

  private _lookOrRest(): void {
    if (this._isWatched === this._wasWatched) {
      return;
    }
    this._wasWatched = this._isWatched;
    if (this._isWatched) {
      this._connection.attach();
      this._wake();
    } else {
      this._schedule.cancel();
    }
    this._stateChanged.emit();
  }

  /** Ask at once for what nobody looked at when it happened. */
  private _wake(): void {
    const isBehind = this._isMoved || this._isEdited || !this._isSettled;
    if ((this._isAsked || (this._isWatched && isBehind)) && this.attachment.status === 'attached') {
      this._schedule.now();
    }
  }

  private _onAttachment(): void {
    const { attachment } = this;
    if (attachment.status === 'attached') {
      this.journey.begin(attachment.steps);
      this._remembering.begin();
      this._isMoved = true;
      this._wake();
    } else if (attachment.status !== 'connecting' && attachment.status !== 'waiting') {
      this.verdict.forget();
      this.flows = null;
      this.journey.begin([]);
    }
    this._stateChanged.emit();
  }

  private _onPageChanged(): void {
    this._isEdited = true;
    if (this._isWatched && this.attachment.status === 'attached') {
      this._schedule.soon();
    }
  }

  /** Only what is shown is another. */
  private _onSeen(): void {
    if (this._isActive) {
      this._stateChanged.emit();
    }
  }

  private _onEvent(_: IConnection, event: Event): void {
    if (isOrder(event)) {
      obey(event, this._document, this.fixing);
      return;
    }
    switch (event.kind) {
      case 'executed':
        this._isMoved = true;
        if (this._isWatched && this.attachment.status === 'attached') {
          this._schedule.promptly();
        }
        break;
      case 'done':
      case 'failed':
        this._hearEnd(event);
        break;
      case 'progress':
      case 'planned':
      case 'asks':
        this.journey.hear(event);
    }
  }

  private _hearEnd(event: Extract<Event, { kind: 'done' | 'failed' }>): void {
    this._isMoved = !(event.kind === 'done' && this.verdict.take(event)) || this._isMoved;
    this._isSettled = false;
    this.journey.hear(event);
    if (this._isWatched && this.attachment.status === 'attached') {
      this._schedule.now();
    }
  }

  private async _refresh(): Promise<void> {
    const page = this._document.page();
    const isOther = this._isMoved || (this._isEdited && !isSamePage(page, this._page));
    this._isEdited = false;
    if (!isOther && !this._isAsked && this._isSettled) {
      this._remembering.keepAgain();
      return;
    }
    const checks = this._isAsked || (isOther && this._automatic);
    this._isAsked = this._isMoved = false;
    this._page = page;
    if (checks) {
      await this.verdict.check(page);
    } else {
      this.verdict.outdated ||= isOther;
    }
    await this._tellTheRest(page);
  }

  /** Where the steps stand, and what flows, is told even where the check can't be made. */
  private async _tellTheRest(page: Page): Promise<void> {
    this._isSettled = this._isWatched; // whoever looked may have gone meanwhile
    const unsettled = this._isSettled ? await outcome(this._askStates(page)) : null;
    this.verdict.failure ??= unsettled;
    if (this._wantsFlows && this._isActive) {
      await this._askFlows(page);
    }
    this._stateChanged.emit();
  }

  private async _askStates(page: Page): Promise<void> {
    const states = expectReply(await this._connection.ask({ kind: 'states', page }), 'states');
    this.journey.settle(states);
    this._remembering.keep(states.kept);
  }

  /** Without an answer the map stays as it is. */
  private async _askFlows(page: Page): Promise<void> {
    await outcome(
      this._connection.ask({ kind: 'flows', page }).then(reply => {
        this.flows = expectReply(reply, 'flows');
      })
    );
    this._stateChanged.emit();
  }

  private readonly _document: IDocument;
  private readonly _connection: IConnection;
  private readonly _schedule: Schedule;
  private readonly _remembering: Remembering;
  private readonly _stateChanged = new Signal<this, void>(this);
  private _page: Page;
  private _isActive = false;
  private _hasBadges = false;
  private _wasWatched = false;
  private _wantsFlows = false;
  private _automatic = true;
  private _isAsked = false;
  /** Something ran, or a step ended, since the last refresh. */
  private _isMoved = false;
  private _isEdited = false;
  /** Where the steps stand has been told. */
  private _isSettled = false;
}
