/** Keeps a notebook connected to whatever kernel it has: attaches when asked, and again after a restart or a change. */

import type { ISessionContext } from '@jupyterlab/apputils';
import type { Kernel } from '@jupyterlab/services';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import { Channel, NoAnswer, NotInstalled } from './channel';
import { ConnectionLost, failureOf } from './failure';
import type { Event, Reply, WelcomeReply } from './protocol';
import { PROTOCOL_VERSION } from './protocol';
import type { Attachment, IConnection, Question } from './tokens';

/** The little of a notebook's session that matters here. */
export type IKernelSource = Pick<
  ISessionContext,
  'session' | 'isReady' | 'ready' | 'kernelChanged' | 'statusChanged' | 'connectionStatusChanged'
>;

export class Connection implements IConnection {
  constructor(source: IKernelSource) {
    this._source = source;
    source.kernelChanged.connect(this._onKernelChanged, this);
    source.statusChanged.connect(this._onStatus, this);
    source.connectionStatusChanged.connect(this._onConnectionStatus, this);
  }

  get attachment(): Attachment {
    return this._attachment;
  }

  get attachmentChanged(): ISignal<this, void> {
    return this._attachmentChanged;
  }

  get event(): ISignal<this, Event> {
    return this._event;
  }

  get isBlocked(): boolean {
    const isBusy = this._source.session?.kernel?.status === 'busy';
    return isBusy && this._channel !== null && !this._channel.isConcurrent;
  }

  get blockedChanged(): ISignal<this, void> {
    return this._blockedChanged;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  attach(): void {
    const { status } = this._attachment;
    if (
      this._isDisposed ||
      status === 'connecting' ||
      status === 'waiting' ||
      status === 'attached'
    ) {
      return;
    }
    this._wanted = true;
    this._attachAnew();
  }

  ask(question: Question): Promise<Reply> {
    return (
      this._channel?.ask(question) ??
      Promise.reject(new ConnectionLost('The kernel is not connected.'))
    );
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._leave();
    this._source.kernelChanged.disconnect(this._onKernelChanged, this);
    this._source.statusChanged.disconnect(this._onStatus, this);
    this._source.connectionStatusChanged.disconnect(this._onConnectionStatus, this);
    Signal.clearData(this);
  }

  private _attachAnew(): void {
    this._leave();
    const kernel = this._source.session?.kernel ?? null;
    const attempt = ++this._attempt;
    if (kernel === null) {
      this._awaitKernel(attempt);
      return;
    }
    this._set({ status: 'connecting' });
    void this._open(kernel, attempt).then(
      attachment => {
        this._settle(attempt, attachment);
      },
      (error: unknown) => {
        this._settle(attempt, attachmentOf(error));
      }
    );
  }

  /** A notebook that is just opening has no kernel yet; when it gets one, `kernelChanged` tells. */
  private _awaitKernel(attempt: number): void {
    this._set({ status: this._source.isReady ? 'no kernel' : 'connecting' });
    void this._source.ready.then(() => {
      this._settle(attempt, { status: 'no kernel' });
    });
  }

  /** The outcome of an attempt counts only while no later one has begun. */
  private _settle(attempt: number, attachment: Attachment): void {
    if (attempt === this._attempt && !this._isDisposed) {
      this._set(attachment);
    }
  }

  private async _open(kernel: Kernel.IKernelConnection, attempt: number): Promise<Attachment> {
    const language = (await kernel.spec)?.language ?? 'python';
    if (language.toLowerCase() !== 'python') {
      return { status: 'not python', language };
    }
    if (attempt !== this._attempt) {
      throw new ConnectionLost('A later attempt has begun.');
    }
    const channel = new Channel(
      kernel,
      event => {
        this._event.emit(event);
      },
      () => {
        this._onLost(channel);
      }
    );
    this._channel = channel;
    await channel.connect();
    if (!channel.isConcurrent && kernel.status === 'busy') {
      this._settle(attempt, { status: 'waiting' });
    }
    return welcomed(await channel.greet());
  }

  private _leave(): void {
    this._attempt += 1;
    const channel = this._channel;
    this._channel = null;
    channel?.dispose();
  }

  private _onKernelChanged(): void {
    if (this._wanted) {
      this._attachAnew();
    }
  }

  private _onStatus(_: IKernelSource, status: Kernel.Status): void {
    if (!this._wanted) {
      return;
    }
    if (this._channel !== null && !this._channel.isConcurrent) {
      this._blockedChanged.emit();
    }
    if (status === 'restarting' || status === 'autorestarting') {
      this._awaitsKernel = true;
      this._abandon({ status: 'connecting' });
    } else if (status === 'dead') {
      this._abandon({ status: 'no kernel' });
    } else if (this._awaitsKernel && (status === 'idle' || status === 'busy')) {
      // The first sign of life of the new kernel; its own kernel_info reply may stand behind a running cell.
      this._awaitsKernel = false;
      this._attachAnew();
    }
  }

  private _abandon(attachment: Attachment): void {
    this._attempt += 1;
    const channel = this._channel;
    this._channel = null;
    channel?.abandon();
    this._set(attachment);
  }

  private _onLost(channel: Channel): void {
    if (channel === this._channel && this._attachment.status === 'attached') {
      this._attachAnew();
    }
  }

  private _onConnectionStatus(_: IKernelSource, status: Kernel.ConnectionStatus): void {
    if (this._wanted && status === 'connected' && this._attachment.status === 'failed') {
      this._attachAnew();
    }
  }

  private _set(attachment: Attachment): void {
    if (attachment.status !== this._attachment.status || attachment.status === 'attached') {
      this._attachment = attachment;
      this._attachmentChanged.emit();
    }
  }

  private readonly _source: IKernelSource;
  private readonly _attachmentChanged = new Signal<this, void>(this);
  private readonly _blockedChanged = new Signal<this, void>(this);
  private readonly _event = new Signal<this, Event>(this);
  private _attachment: Attachment = { status: 'idle' };
  private _channel: Channel | null = null;
  private _wanted = false;
  private _awaitsKernel = false;
  private _attempt = 0;
  private _isDisposed = false;
}

function welcomed(reply: WelcomeReply): Attachment {
  const { version, package_version: packageVersion, steps } = reply;
  if (version !== PROTOCOL_VERSION) {
    return {
      status: 'version mismatch',
      packageVersion,
      newer: version > PROTOCOL_VERSION ? 'kernel' : 'page'
    };
  }
  return { status: 'attached', packageVersion, steps };
}

function attachmentOf(error: unknown): Attachment {
  if (error instanceof NotInstalled) {
    return { status: 'not installed' };
  }
  if (error instanceof NoAnswer) {
    return { status: 'refused' };
  }
  const { message, hint } = failureOf(error);
  return { status: 'failed', message: `${message} ${hint}`.trim() };
}
