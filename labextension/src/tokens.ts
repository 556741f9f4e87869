/** What the parts of the panel know of each other; imports no sibling but the protocol's types. */

import { Token } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';

import type {
  Earlier,
  Event,
  Page,
  Reply,
  Report,
  Request,
  RestoredReply,
  StepForm,
  StepResult,
  StepState
} from './protocol';

/** Where the way to the kernel stands. */
export type Attachment =
  | { readonly status: 'idle' }
  | { readonly status: 'no kernel' }
  | { readonly status: 'connecting' }
  | { readonly status: 'waiting' }
  | {
      readonly status: 'attached';
      readonly steps: readonly StepForm[];
      readonly packageVersion: string;
    }
  | { readonly status: 'not python'; readonly language: string }
  | { readonly status: 'not installed' }
  | {
      readonly status: 'version mismatch';
      readonly packageVersion: string;
      readonly newer: 'kernel' | 'page';
    }
  | { readonly status: 'failed'; readonly message: string };

type WithoutId<R> = R extends Request ? Omit<R, 'id'> : never;

/** A request before it has its number. */
export type Question = WithoutId<Request>;

/** The way to one notebook's kernel; it survives restarts and changes of the kernel. */
export interface IConnection extends IDisposable {
  readonly attachment: Attachment;
  readonly attachmentChanged: ISignal<IConnection, void>;
  readonly event: ISignal<IConnection, Event>;
  /** Open it if it isn't; again after a failure. */
  attach(): void;
  /** Rejects where the kernel goes away before it has answered. */
  ask(question: Question): Promise<Reply>;
}

/** A cell that was deleted, and the cell that it goes below. */
export type DeletedCell = Pick<RestoredReply, 'cell_id' | 'source' | 'execution_count' | 'below'>;

/** One notebook as the panel sees it and acts on it. */
export interface IDocument extends IDisposable {
  /** Names the notebook among all that are open. */
  readonly id: string;
  /** Emitted when a cell was added, moved, edited, tagged or removed. */
  readonly changed: ISignal<IDocument, void>;
  page(): Page;
  /** Scroll to a cell, make it the active one and give it the focus. */
  reveal(cellId: string): Promise<void>;
  /** Run these cells in this order as the user would, up to the first that fails. */
  rerun(cellIds: readonly string[]): Promise<void>;
  /** What the notebook keeps of what ran in earlier kernels; null where that is nothing, or its owner wants none. */
  remembered(): Earlier | null;
  /** Keep a record with the notebook, unless its owner wants none; changes nothing where it is kept already. */
  remember(record: Earlier['record']): void;
  /** Put a deleted cell back, as one change that can be undone, and show it. */
  restore(cell: DeletedCell): Promise<void>;
}

/** What a step shows while it runs. */
export interface IJob {
  /** Null until the kernel side has named it. */
  readonly id: number | null;
  readonly message: string;
  readonly fraction: number | null;
  readonly log: readonly string[];
  readonly cancelling: boolean;
}

/** Why a step, or the check, did not do its work. */
export interface IFailure {
  /** Whose doing it is: the kernel side said no, the user stopped it, the kernel went away, a message made no sense. */
  readonly reason: 'refused' | 'cancelled' | 'lost' | 'malformed';
  readonly message: string;
  readonly hint: string;
}

/** One step of the journey with all that is known of it. */
export interface IStep {
  readonly form: StepForm;
  readonly state: StepState | null;
  readonly job: IJob | null;
  readonly result: StepResult | null;
  readonly failure: IFailure | null;
}

export type OptionValue = string | number | boolean;

/** Everything the panel shows of one notebook. */
export interface IProdkitModel extends IDisposable {
  readonly id: string;
  readonly stateChanged: ISignal<IProdkitModel, void>;
  readonly attachment: Attachment;
  readonly page: Page;
  readonly report: Report | null;
  readonly checkedAt: Date | null;
  /** The page as shown is not the page that was checked. */
  readonly outdated: boolean;
  readonly checking: boolean;
  readonly failure: IFailure | null;
  readonly steps: readonly IStep[];
  /** Names in the kernel that hold something with a `predict` method. */
  readonly models: readonly string[];
  /** Whether somebody looks; nothing is asked of the kernel while nobody does. */
  isActive: boolean;
  /** Whether to check after each run and edit. */
  automatic: boolean;
  /** Whether to keep digests of the last runs with the notebook, for the next kernel. */
  remembersRuns: boolean;
  attach(): void;
  check(): void;
  run(step: string): Promise<void>;
  cancel(step: string): Promise<void>;
  option(step: string, name: string): OptionValue | undefined;
  setOption(step: string, name: string, value: OptionValue): void;
  reveal(cellId: string): void;
  rerun(cellIds: readonly string[]): void;
  /** Put the deleted cell back that the run of this number was of. */
  restore(run: number): Promise<void>;
}

/** Which notebook is in front, and its model. */
export interface IProdkitTracker {
  readonly current: IProdkitModel | null;
  readonly currentChanged: ISignal<IProdkitTracker, IProdkitModel | null>;
  automatic: boolean;
  remembersRuns: boolean;
}

export const IProdkitTracker = new Token<IProdkitTracker>(
  'jupyter-prodkit:IProdkitTracker',
  'The notebook in front, and what jupyter-prodkit knows of it.'
);

/** The panel, for those who open it. */
export interface IProdkitPanel {
  readonly id: string;
}

export const IProdkitPanel = new Token<IProdkitPanel>(
  'jupyter-prodkit:IProdkitPanel',
  'The panel in the side area.'
);
