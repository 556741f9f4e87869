/** What the parts of the panel know of each other; imports no sibling but the protocol's types and the marks. */

import { Token } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';

import type { IMark } from './marks';
import type {
  Earlier,
  EditedCell,
  Event,
  Finding,
  Fix,
  FlowsReply,
  MarkCells,
  Marking,
  Page,
  PageCell,
  Reply,
  Report,
  Request,
  RestoredReply,
  StepForm,
  StepPlanned,
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
  | { readonly status: 'refused' }
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
  /** Whether the kernel runs a cell and answers only after it: ipykernel 6. */
  readonly isBlocked: boolean;
  readonly blockedChanged: ISignal<IConnection, void>;
  /** Open it if it isn't; again after a failure. */
  attach(): void;
  /** Rejects where the kernel goes away before it has answered. */
  ask(question: Question): Promise<Reply>;
}

/** A cell that was deleted, and the cell that it goes below. */
export type DeletedCell = Pick<RestoredReply, 'cell_id' | 'source' | 'execution_count' | 'below'>;

/** Takes a change of the page back, as far as nobody has changed the same since. */
export type Undo = () => void;

/** The cell that the user is in. */
export interface IActiveCell {
  readonly cell: PageCell;
  /** Place on the page, from 0. */
  readonly index: number;
}

/** One notebook as the panel sees it and acts on it. */
export interface IDocument extends IDisposable {
  /** Names the notebook among all that are open. */
  readonly id: string;
  /** Emitted when a cell was added, moved, edited, tagged or removed. */
  readonly changed: ISignal<IDocument, void>;
  /** Emitted when another cell has become the active one. */
  readonly activeChanged: ISignal<IDocument, void>;
  readonly isReadOnly: boolean;
  /** The active cell and its place on the page, from 0. */
  activeCell(): IActiveCell | null;
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
  restore(cell: DeletedCell): Promise<Undo>;
  /** Change and add cells, as one change that can be undone. */
  edit(cells: readonly EditedCell[]): Undo;
  /** Set a mark on a cell, or take it away. */
  mark(cellId: string, mark: IMark, isOn: boolean): Undo;
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
  /** What one click does about it. */
  readonly marking: Marking | null;
}

/** One step of the journey with all that is known of it. */
export interface IStep {
  readonly form: StepForm;
  readonly state: StepState | null;
  readonly job: IJob | null;
  readonly result: StepResult | null;
  readonly failure: IFailure | null;
  /** What it would do; null where nobody has asked, or things have changed since. */
  readonly plan: StepPlanned | null;
  /** What it wants a yes for before it does anything. */
  readonly question: string | null;
  /** What the last run printed. */
  readonly log: readonly string[];
}

export type OptionValue = string | number | boolean;
export type Options = Readonly<Record<string, OptionValue>>;

/** The steps to production. */
export interface IJourney {
  readonly steps: readonly IStep[];
  /** Names in the kernel that hold something with a `predict` method. */
  readonly models: readonly string[];
  /** Whether all steps are being run one after the other. */
  readonly isRunningAll: boolean;
  /** The step at which running them all has stopped; null where it has not. */
  readonly stoppedAt: string | null;
  /** Run a step; `also` are options that count for this time only. Resolves with whether all is well. */
  run(step: string, also?: Options): Promise<boolean>;
  /** Run each step that is not done, in their order, up to the first that can't go on. */
  runAll(): Promise<void>;
  cancel(step: string): Promise<void>;
  /** Find out what a step would do. */
  plan(step: string): Promise<void>;
  /** Leave a step's question unanswered. */
  decline(step: string): void;
  /** Take away what a step failed of: it has been mended. */
  forgive(step: string): void;
  option(step: string, name: string): OptionValue | undefined;
  setOption(step: string, name: string, value: OptionValue): void;
}

/** What the last check said, and how far it is to be trusted. */
export interface IVerdict {
  readonly report: Report | null;
  readonly fixes: readonly Fix[];
  readonly checkedAt: Date | null;
  /** The page as shown is not the page that was checked. */
  readonly outdated: boolean;
  readonly checking: boolean;
  readonly failure: IFailure | null;
}

/** A change that was made with one click, and can be taken back with another. */
export interface IChange {
  readonly label: string;
  readonly undo: Undo;
}

/** Changes of the page that one click makes. */
export interface IFixing {
  readonly last: IChange | null;
  /** Put the deleted cell back that the run of this number was of. */
  restore(run: number): Promise<void>;
  /** Do what a fix offers for a finding. */
  apply(fix: Fix, finding: Finding): Promise<void>;
  mark(cellId: string, mark: IMark, isOn: boolean): void;
  /** Set the marks that a step can't go on without. */
  markAll(marking: Marking): void;
  /** Do what a cell of the notebook has asked for (`%prodmark`), and tell the kernel side. */
  markAsAsked(order: MarkCells): Promise<void>;
  /** Take the last change back. */
  undo(): void;
}

/** Everything the panel shows of one notebook. */
export interface IProdkitModel extends IDisposable {
  readonly id: string;
  readonly stateChanged: ISignal<IProdkitModel, void>;
  readonly attachment: Attachment;
  /** Whether the kernel runs a cell and answers only after it. */
  readonly isBlocked: boolean;
  readonly isReadOnly: boolean;
  readonly page: Page;
  readonly activeCell: IActiveCell | null;
  readonly verdict: IVerdict;
  readonly journey: IJourney;
  readonly fixing: IFixing;
  /** What flows between the cells; null until it is known. */
  readonly flows: FlowsReply | null;
  /** Whether somebody looks at the panel; nothing is asked of the kernel while nobody looks at anything. */
  isActive: boolean;
  /** Whether states are shown at the cells. */
  hasBadges: boolean;
  /** Whether somebody looks at the map. */
  wantsFlows: boolean;
  /** Whether to check after each run and edit. */
  automatic: boolean;
  /** Whether to keep digests of the last runs with the notebook, for the next kernel. */
  remembersRuns: boolean;
  attach(): void;
  check(): void;
  reveal(cellId: string): void;
  rerun(cellIds: readonly string[]): void;
}

/** When states are shown at the cells. */
export type BadgesWhen = 'always' | 'with the panel' | 'never';

/** What the views want of what is around them. */
export interface ISurroundings {
  copy(text: string): void;
  openPage(address: string): void;
  /** Show a folder, named from the notebook's own, in the file browser. */
  openFolder(folder: string, notebookPath: string): void;
}

/** Which notebook is in front, and its model. */
export interface IProdkitTracker {
  readonly current: IProdkitModel | null;
  readonly currentChanged: ISignal<IProdkitTracker, IProdkitModel | null>;
  automatic: boolean;
  remembersRuns: boolean;
  badges: BadgesWhen;
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
