/**
 * Our own way into a running kernel: a second connection with its own subshell, so that it answers while a cell runs.
 *
 * JupyterLab can send comms over subshells by itself, but makes them too late for the first message, forgets them on
 * a restart, and after a reload waits for the running cell; hence a clone of the connection on which we do it.
 */

import type { Kernel } from '@jupyterlab/services';
import { CommsOverSubshells, KernelMessage } from '@jupyterlab/services';
import type { JSONValue } from '@lumino/coreutils';
import { PromiseDelegate } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';

import { decodeEvent, decodeReply, expectReply } from './decode';
import { encode } from './encode';
import { ConnectionLost } from './failure';
import type { Event, Reply, WelcomeReply } from './protocol';
import { EVENTS_TARGET, PROTOCOL_VERSION, RPC_TARGET } from './protocol';
import type { Question } from './tokens';

/** How long a kernel that is there may take to greet us. */
const GREETING_PATIENCE = 15_000;
/** How long a kernel that we leave may take to say that it heard. */
const LEAVING_PATIENCE = 10_000;
/** How long ipykernel 6, which knows no subshells and answers nothing, keeps us waiting. */
const SUBSHELL_PATIENCE = 4000;

/**
 * How long to wait for an answer before the question is repeated, each time. On a busy machine one sometimes never
 * comes through ipykernel 7.4, all of whose threads then wait; asked again, it does.
 */
const REPEATING_PATIENCE = [4000, 8000, 16_000, 32_000];
/** The questions that change nothing. */
const REPEATABLE: ReadonlySet<Question['kind']> = new Set(['check', 'states', 'flows']);

// The name `_prodkit_error` can't be the user's, and Python deletes it after the block. `load_extension` prints nothing.
const BOOT = `
try:
    __import__("IPython").get_ipython().extension_manager.load_extension("jupyter_prodkit")
except ModuleNotFoundError as _prodkit_error:
    if _prodkit_error.name != "jupyter_prodkit":
        raise
`;
const LOADED = '"jupyter_prodkit" in __import__("IPython").get_ipython().extension_manager.loaded';

/** The kernel's environment doesn't have the package. */
export class NotInstalled extends Error {
  override readonly name = 'NotInstalled';
}

/** The kernel runs our code, and yet no message of ours comes through: something on the way holds comms back. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

export class Channel implements IDisposable {
  /** `onLost` is called once, when the kernel or the way to it is gone, or on leaving it. */
  constructor(
    kernel: Kernel.IKernelConnection,
    onEvent: (event: Event) => void,
    onLost: () => void
  ) {
    this._client = kernel.clientId;
    this._conn = kernel.clone({ handleComms: true });
    this._conn.commsOverSubshells = CommsOverSubshells.Disabled;
    this._onEvent = onEvent;
    this._conn.connectionStatusChanged.connect(this._onConnectionStatus, this);
    this._conn.disposed.connect(this._onConnectionGone, this);
    void this._lost.promise.catch(onLost);
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Whether the kernel answers while a cell runs. */
  get isConcurrent(): boolean {
    return this._conn.subshellId !== null;
  }

  /** Connect, with a subshell where the kernel knows them. Rejects with `ConnectionLost`. */
  async connect(): Promise<void> {
    await this._orLost(this._connected.promise);
    this._conn.subshellId = await this._orLost(this._createSubshell());
  }

  /** Load the kernel side and greet it. Rejects with `NotInstalled`, `NoAnswer`, `ConnectionLost` or what was said. */
  async greet(): Promise<WelcomeReply> {
    await this._orLost(this._boot());
    this._openComms();
    const answer = this.ask({ kind: 'hello', version: PROTOCOL_VERSION });
    // Without a subshell a queue of cells may stand before us, however long.
    const reply = await (this.isConcurrent
      ? Promise.race([answer, after(GREETING_PATIENCE)])
      : answer);
    if (reply === null) {
      throw new NoAnswer('The kernel takes no messages');
    }
    return expectReply(reply, 'welcome');
  }

  ask(question: Question): Promise<Reply> {
    if (this._rpc === null || this._isDisposed) {
      return Promise.reject(new ConnectionLost('The kernel is not connected.'));
    }
    const id = ++this._lastId;
    const answer = new PromiseDelegate<Reply>();
    this._pending.set(id, answer);
    const message = encode({ ...question, id });
    this._rpc.send(message);
    if (this.isConcurrent && REPEATABLE.has(question.kind)) {
      void this._askAgain(id, message);
    }
    return answer.promise;
  }

  /** Repeat a question while nothing answers: the first answer counts, a later one is passed over. */
  private async _askAgain(id: number, message: JSONValue): Promise<void> {
    for (const patience of REPEATING_PATIENCE) {
      await after(patience);
      if (!this._pending.has(id)) {
        return;
      }
      this._rpc?.send(message);
    }
  }

  /** Take leave of a kernel that is still there. */
  dispose(): void {
    const closing = this._comms.filter(comm => !comm.isDisposed).map(comm => comm.close().done);
    this._end();
    void this._takeLeave(closing);
  }

  /** Let go of a kernel that is gone, and its subshell with it. */
  abandon(): void {
    this._end();
    this._drop();
  }

  /** A kernel that went away meanwhile answers nothing, and must not be held on to. */
  private async _takeLeave(closing: readonly Promise<unknown>[]): Promise<void> {
    await Promise.race([Promise.allSettled(closing), after(LEAVING_PATIENCE)]);
    try {
      this._conn.dispose();
    } catch {
      // It deletes its subshell, which it dares only after a kernel_info reply that a busy kernel has not given yet.
      this._drop();
    }
    if (!this._conn.isDisposed) {
      // It waits for the kernel to say that the subshell is gone.
      await after(LEAVING_PATIENCE);
      this._drop();
    }
  }

  private _drop(): void {
    if (!this._conn.isDisposed) {
      this._conn.subshellId = null;
      this._conn.dispose();
    }
  }

  private _end(): void {
    this._isDisposed = true;
    this._conn.connectionStatusChanged.disconnect(this._onConnectionStatus, this);
    this._conn.disposed.disconnect(this._onConnectionGone, this);
    this._onConnectionGone();
  }

  private async _createSubshell(): Promise<string | null> {
    const request = KernelMessage.createMessage<KernelMessage.ICreateSubshellRequestMsg>({
      msgType: 'create_subshell_request',
      channel: 'control',
      username: this._conn.username,
      session: this._conn.clientId,
      content: {}
    });
    const asked = this._conn.sendControlMessage(request, true, true).done;
    const content = await Promise.race([
      asked.then(reply => reply.content),
      after(SUBSHELL_PATIENCE)
    ]);
    const id = content !== null && 'subshell_id' in content ? content.subshell_id : null;
    return typeof id === 'string' ? id : null;
  }

  private async _boot(): Promise<void> {
    const reply = await this._conn.requestExecute({
      code: BOOT,
      silent: true,
      store_history: false,
      stop_on_error: false,
      allow_stdin: false,
      user_expressions: { loaded: LOADED }
    }).done;
    if (reply.content.status === 'error') {
      throw new Error(`${reply.content.ename}: ${reply.content.evalue}`);
    }
    if (reply.content.status !== 'ok') {
      throw new ConnectionLost('The kernel gave up the request.');
    }
    // A user expression's answer is a MIME bundle of unknown form; its text is all that matters.
    if (!JSON.stringify(reply.content.user_expressions).includes('True')) {
      throw new NotInstalled('jupyter_prodkit is not installed in this kernel');
    }
  }

  private _openComms(): void {
    // Two comms: once the running cell has pushed on a comm, ipykernel 7.4 parks what we send on it behind that cell.
    const events = this._conn.createComm(EVENTS_TARGET);
    events.onMsg = message => {
      this._hear(message.content.data);
    };
    // The session under which the page's cells are run, so that a repair plan comes to the page that asked for it.
    events.open({ client: this._client });
    const rpc = this._conn.createComm(RPC_TARGET);
    rpc.onMsg = message => {
      this._onReply(message.content.data);
    };
    rpc.onClose = () => {
      this._rejectAll(new Error('The kernel side closed the connection.'));
    };
    rpc.open();
    this._comms = [events, rpc];
    this._rpc = rpc;
  }

  private _hear(data: unknown): void {
    try {
      this._onEvent(decodeEvent(data));
    } catch (error) {
      // An event asks for nothing, so that one we don't understand does no harm.
      console.warn('jupyter-prodkit:', error);
    }
  }

  private _onReply(data: unknown): void {
    try {
      const reply = decodeReply(data);
      this._pending.get(reply.id)?.resolve(reply);
      this._pending.delete(reply.id);
    } catch (error) {
      // Which request it belongs to can't be trusted either.
      this._rejectAll(error);
    }
  }

  private _onConnectionStatus(_: Kernel.IKernelConnection, status: Kernel.ConnectionStatus): void {
    if (status === 'connected') {
      this._connected.resolve(undefined);
    } else {
      this._onConnectionGone();
    }
  }

  private _onConnectionGone(): void {
    const lost = new ConnectionLost('The kernel went away.');
    this._lost.reject(lost);
    this._rejectAll(lost);
  }

  private _rejectAll(reason: unknown): void {
    const pending = [...this._pending.values()];
    this._pending.clear();
    pending.forEach(answer => {
      answer.reject(reason);
    });
  }

  private _orLost<T>(promise: Promise<T>): Promise<T> {
    return Promise.race([promise, this._lost.promise]);
  }

  private readonly _conn: Kernel.IKernelConnection;
  private readonly _client: string;
  private readonly _onEvent: (event: Event) => void;
  private readonly _connected = new PromiseDelegate<void>();
  private readonly _lost = new PromiseDelegate<never>();
  private readonly _pending = new Map<number, PromiseDelegate<Reply>>();
  private _rpc: Kernel.IComm | null = null;
  private _comms: readonly Kernel.IComm[] = [];
  private _isDisposed = false;
  private _lastId = 0;
}

function after(milliseconds: number): Promise<null> {
  return new Promise(resolve => {
    setTimeout(resolve, milliseconds, null);
  });
}
