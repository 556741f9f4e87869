/** Stand-ins for JupyterLab and the kernel; what they hear is checked against the protocol. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Kernel } from '@jupyterlab/services';
import { PromiseDelegate } from '@lumino/coreutils';
import { Signal } from '@lumino/signaling';

import type { IKernelSource } from '../connection';
import { decodeEvent, decodeReply, isRequest } from '../decode';
import type { IMark } from '../marks';
import type {
  Earlier,
  EditedCell,
  Event,
  Page,
  PageCell,
  Reply,
  Report,
  Request
} from '../protocol';
import type {
  Attachment,
  DeletedCell,
  IActiveCell,
  IConnection,
  IDocument,
  Question,
  Undo
} from '../tokens';

const GOLDENS = join(import.meta.dirname, '../../../tests/faces/messages');

/** A message as the kernel side writes it; the same file is read by the Python tests. */
export function golden(name: string): unknown {
  return JSON.parse(readFileSync(join(GOLDENS, `${name}.json`), 'utf8'));
}

export function goldenReply<K extends Reply['kind']>(kind: K): Extract<Reply, { kind: K }> {
  return decodeReply(golden(`reply-${kind}`)) as Extract<Reply, { kind: K }>;
}

export function goldenEvent<K extends Event['kind']>(kind: K): Extract<Event, { kind: K }> {
  return decodeEvent(golden(`event-${kind}`)) as Extract<Event, { kind: K }>;
}

export function report(change: Partial<Report> = {}): Report {
  return { ...goldenReply('report').report, ...change };
}

export function cell(cell_id: string, source = ''): PageCell {
  return { cell_id, kind: 'code', source, tags: [], execution_count: null };
}

export class FakeDocument implements IDocument {
  readonly id = 'notebook-1';
  readonly changed = new Signal<this, void>(this);
  readonly activeChanged = new Signal<this, void>(this);
  readonly edits: (readonly EditedCell[])[] = [];
  readonly marked: (readonly [string, IMark, boolean])[] = [];
  readonly undone: string[] = [];
  isReadOnly = false;
  active: IActiveCell | null = null;
  readonly revealed: string[] = [];
  readonly rerunCells: string[] = [];
  readonly restored: DeletedCell[] = [];
  isDisposed = false;
  cells: readonly PageCell[] = [cell('b2', 'rate = 0.1')];

  page(): Page {
    return { path: 'churn.ipynb', cells: this.cells };
  }

  /** What the user does. */
  type(...cells: PageCell[]): void {
    this.cells = cells;
    this.changed.emit();
  }

  activeCell(): IActiveCell | null {
    return this.active;
  }

  edit(cells: readonly EditedCell[]): Undo {
    this.edits.push(cells);
    return () => this.undone.push('edit');
  }

  mark(cellId: string, mark: IMark, isOn: boolean): Undo {
    this.marked.push([cellId, mark, isOn]);
    return () => this.undone.push('mark');
  }

  reveal(cellId: string): Promise<void> {
    this.revealed.push(cellId);
    return Promise.resolve();
  }

  rerun(cellIds: readonly string[]): Promise<void> {
    this.rerunCells.push(...cellIds);
    return Promise.resolve();
  }

  memory: Earlier | null = null;
  readonly kept: Earlier['record'][] = [];

  remembered(): Earlier | null {
    return this.memory;
  }

  remember(record: Earlier['record']): void {
    this.kept.push(record);
  }

  restore(cell: DeletedCell): Promise<Undo> {
    this.restored.push(cell);
    return Promise.resolve(() => this.undone.push('restore'));
  }

  dispose(): void {
    this.isDisposed = true;
  }
}

/** A connection whose answers the test gives, when it likes. */
export class FakeConnection implements IConnection {
  readonly attachmentChanged = new Signal<this, void>(this);
  readonly event = new Signal<this, Event>(this);
  readonly asked: { readonly question: Question; readonly answer: PromiseDelegate<Reply> }[] = [];
  readonly blockedChanged = new Signal<this, void>(this);
  isBlocked = false;
  attachment: Attachment = { status: 'idle' };
  attachCalls = 0;
  isDisposed = false;
  /** Answer each question at once with its golden reply. */
  /** Other answers than the golden ones, by the question's kind. */
  readonly answers = new Map<string, Reply>();
  automatic = true;

  attach(): void {
    this.attachCalls += 1;
  }

  become(attachment: Attachment): void {
    this.attachment = attachment;
    this.attachmentChanged.emit();
  }

  becomeAttached(): void {
    const { steps, package_version: packageVersion } = goldenReply('welcome');
    this.become({ status: 'attached', steps, packageVersion });
  }

  ask(question: Question): Promise<Reply> {
    const answer = new PromiseDelegate<Reply>();
    this.asked.push({ question, answer });
    if (this.automatic) {
      answer.resolve(this.answers.get(question.kind) ?? goldenReply(ANSWERS[question.kind]));
    }
    return answer.promise;
  }

  kinds(): string[] {
    return this.asked.map(({ question }) => question.kind);
  }

  dispose(): void {
    this.isDisposed = true;
  }
}

const ANSWERS = {
  hello: 'welcome',
  check: 'report',
  states: 'states',
  run: 'started',
  cancel: 'started',
  restore: 'restored',
  plan: 'started',
  mend: 'edited',
  flows: 'flows',
  marked: 'noted'
} as const;

export class FakeComm {
  constructor(
    readonly target: string,
    private readonly _clone: FakeClone
  ) {}

  onMsg: (message: { content: { data: unknown } }) => void = () => undefined;
  onClose: () => void = () => undefined;
  isOpen = false;
  isDisposed = false;
  opening: unknown = undefined;

  open(data?: unknown): void {
    this.isOpen = true;
    this.opening = data;
  }

  send(data: unknown): void {
    if (!isRequest(data)) {
      throw new Error(`not a request: ${JSON.stringify(data)}`);
    }
    this._clone.kernel.heard.push(data);
    this._clone.kernel.onRequest(data, this);
  }

  receive(data: unknown): void {
    this.onMsg({ content: { data } });
  }

  close(): { done: Promise<void> } {
    this.isOpen = false;
    return { done: this._clone.kernel.isMute ? new Promise(() => undefined) : Promise.resolve() };
  }
}

/** Our own connection to the kernel. */
export class FakeClone {
  constructor(readonly kernel: FakeKernel) {
    queueMicrotask(() => {
      this.connectionStatusChanged.emit('connected');
    });
  }

  readonly connectionStatusChanged = new Signal<this, Kernel.ConnectionStatus>(this);
  readonly disposed = new Signal<this, void>(this);
  readonly username = 'me';
  readonly clientId = 'c1';
  readonly comms = new Map<string, FakeComm>();
  readonly executed: string[] = [];
  subshellId: string | null = null;
  isDisposed = false;
  subshellAtDispose: string | null = null;

  sendControlMessage(): { done: Promise<unknown> } {
    const reply = Promise.resolve({ content: { status: 'ok', subshell_id: 's1' } });
    return { done: this.kernel.hasSubshells ? reply : new Promise(() => undefined) };
  }

  requestExecute({ code }: { code: string }): { done: Promise<unknown> } {
    this.executed.push(code);
    return { done: Promise.resolve({ content: this.kernel.boot }) };
  }

  createComm(target: string): FakeComm {
    const comm = new FakeComm(target, this);
    this.comms.set(target, comm);
    return comm;
  }

  dispose(): void {
    this.subshellAtDispose = this.subshellId;
    if (this.subshellId !== null && this.kernel.isMute) {
      return; // JupyterLab's own waits for the kernel to say that the subshell is gone
    }
    this.isDisposed = true;
    this.disposed.emit();
  }
}

export class FakeKernel {
  constructor(readonly language = 'python') {}

  readonly clones: FakeClone[] = [];
  readonly heard: Request[] = [];
  readonly clientId = 'page1';
  status: Kernel.Status = 'idle';
  hasSubshells = true;
  /** Whether it says nothing to whoever takes leave. */
  isMute = false;
  boot: unknown = booted(true);

  get spec(): Promise<{ language: string }> {
    return Promise.resolve({ language: this.language });
  }

  get latest(): FakeClone {
    const clone = this.clones.at(-1);
    if (clone === undefined) {
      throw new Error('nobody has connected');
    }
    return clone;
  }

  clone(): FakeClone {
    const clone = new FakeClone(this);
    this.clones.push(clone);
    return clone;
  }

  onRequest: (request: Request, comm: FakeComm) => void = (request, comm) => {
    comm.receive({ ...goldenReply(ANSWERS[request.kind]), id: request.id });
  };

  asKernel(): Kernel.IKernelConnection {
    return this as unknown as Kernel.IKernelConnection;
  }
}

export function booted(isInstalled: boolean): unknown {
  const answer = {
    status: 'ok',
    data: { 'text/plain': isInstalled ? 'True' : 'False' },
    metadata: {}
  };
  return { status: 'ok', user_expressions: { loaded: answer } };
}

/** A notebook's session, whose kernel the test starts, restarts and exchanges. */
export class FakeSession {
  constructor(public kernel: FakeKernel | null = new FakeKernel()) {}

  isReady = true;
  ready = Promise.resolve();
  readonly kernelChanged = new Signal<this, undefined>(this);
  readonly statusChanged = new Signal<this, Kernel.Status>(this);
  readonly connectionStatusChanged = new Signal<this, Kernel.ConnectionStatus>(this);

  get session(): { kernel: FakeKernel | null } {
    return { kernel: this.kernel };
  }

  exchange(kernel: FakeKernel | null): void {
    this.kernel = kernel;
    this.kernelChanged.emit(undefined);
  }

  asSource(): IKernelSource {
    return this as unknown as IKernelSource;
  }
}
