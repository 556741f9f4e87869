/** The steps to production: their forms come from the kernel side, so that nothing here knows any one step. */

import { PromiseDelegate } from '@lumino/coreutils';

import { expectReply } from './decode';
import { ConnectionLost, failureOf, outcome } from './failure';
import type {
  Event,
  OptionForm,
  Page,
  StatesReply,
  StepDone,
  StepForm,
  StepProgress,
  StepState
} from './protocol';
import type { IConnection, IFailure, IJob, IJourney, IStep, Options, OptionValue } from './tokens';

type JourneyEvent = Exclude<Event, { kind: 'executed' | 'repair' | 'mark' }>;

/** How many lines of an outside tool are kept for reading. */
const LOG_LINES = 200;
const NEW_JOB: IJob = { id: null, message: '', fraction: null, log: [], cancelling: false };

export class Journey implements IJourney {
  constructor(connection: IConnection, page: () => Page, changed: () => void) {
    this._connection = connection;
    this._page = page;
    this._changed = changed;
  }

  steps: readonly IStep[] = [];
  models: readonly string[] = [];
  isRunningAll = false;
  stoppedAt: string | null = null;

  /** Take the steps of a kernel side that has just been reached; a step that ran in the last one has gone with it. */
  begin(forms: readonly StepForm[]): void {
    const before = new Map(this.steps.map(step => [step.form.name, step]));
    this.steps = forms.map(form => ({
      form,
      state: before.get(form.name)?.state ?? null,
      job: null,
      result: before.get(form.name)?.result ?? null,
      failure: lossOf(before.get(form.name)),
      plan: null,
      question: null,
      log: before.get(form.name)?.log ?? []
    }));
    // A step that ran in the last kernel has gone with it.
    for (const end of this._ends.values()) {
      end.resolve(false);
    }
    this._ends.clear();
  }

  settle({ states, models }: StatesReply): void {
    this.models = models;
    this.steps = this.steps.map(step => ({
      ...step,
      ...told(step, states.find(state => state.name === step.form.name) ?? null),
      // Things have moved on since it was made.
      plan: null
    }));
  }

  option(step: string, name: string): OptionValue | undefined {
    return this._options.get(step)?.get(name);
  }

  /** The form field that was changed shows it already; only a plan that no longer holds is taken away. */
  setOption(step: string, name: string, value: OptionValue): void {
    const options = this._options.get(step) ?? new Map<string, OptionValue>();
    this._options.set(step, options.set(name, value));
    if ((this._find(step)?.plan ?? null) !== null) {
      this._update(step, { plan: null });
    }
  }

  async run(name: string, also: Options = {}): Promise<boolean> {
    const step = this._find(name);
    if (step?.job !== null) {
      return false;
    }
    const cleared = { result: null, failure: null, plan: null, question: null, log: [] };
    this._update(name, { job: NEW_JOB, ...cleared });
    const end = new PromiseDelegate<boolean>();
    this._ends.set(name, end);
    try {
      const options = { ...this._chosen(step.form), ...also };
      const reply = await this._connection.ask({
        kind: 'run',
        step: name,
        options,
        page: this._page()
      });
      await this._name(name, expectReply(reply, 'started').job);
    } catch (error) {
      this._end(name, { failure: failureOf(error) }, false);
    }
    return end.promise;
  }

  async runAll(): Promise<void> {
    if (this.isRunningAll) {
      return;
    }
    this.isRunningAll = true;
    this.stoppedAt = null;
    this._changed();
    await outcome(this._look());
    let hasRun = false;
    for (const { form } of this.steps) {
      const isDue: boolean = hasRun || this._find(form.name)?.state?.state !== 'done';
      hasRun ||= isDue;
      if (isDue && !(await this.run(form.name))) {
        this.stoppedAt = form.name;
        break;
      }
    }
    this.isRunningAll = false;
    this._changed();
  }

  async plan(name: string): Promise<void> {
    const step = this._find(name);
    if (step === undefined) {
      return;
    }
    const options = this._chosen(step.form);
    const question = { kind: 'plan', step: name, options, page: this._page() } as const;
    try {
      expectReply(await this._connection.ask(question), 'started');
    } catch (error) {
      const { message, hint } = failureOf(error);
      const plan = { job: 0, step: name, summary: message, details: [], question: null, hint };
      this._update(name, {
        plan: { kind: 'planned', ...plan, blocked: true, marking: null, files: [] }
      });
    }
  }

  decline(step: string): void {
    this._update(step, { question: null });
  }

  forgive(step: string): void {
    this._update(step, { failure: null });
    this.stoppedAt = this.stoppedAt === step ? null : this.stoppedAt;
  }

  async cancel(name: string): Promise<void> {
    const job = this._find(name)?.job ?? null;
    if (job === null) {
      return;
    }
    this._update(name, { job: { ...job, cancelling: true } });
    if (job.id !== null) {
      await this._connection.ask({ kind: 'cancel', job: job.id }).catch(() => undefined);
    }
  }

  hear(event: JourneyEvent): void {
    switch (event.kind) {
      case 'progress':
        this._hearProgress(event);
        break;
      case 'planned':
        this._update(event.step, { plan: event });
        break;
      case 'asks':
        this._end(event.step, { question: event.question }, false);
        break;
      case 'done':
        this._hearDone(event);
        break;
      case 'failed': {
        const { message, hint, cancelled, marking } = event;
        const reason = cancelled ? 'cancelled' : 'refused';
        this._end(event.step, { failure: { reason, message, hint, marking } }, false);
      }
    }
  }

  /** Where the steps stand by the page as it is: what was told may be of the page before the last edit. */
  private async _look(): Promise<void> {
    const reply = await this._connection.ask({ kind: 'states', page: this._page() });
    this.settle(expectReply(reply, 'states'));
  }

  private _hearDone({ result }: StepDone): void {
    this._end(result.step, { result, failure: null }, result.ready);
  }

  private _end(name: string, change: Partial<IStep>, isWell: boolean): void {
    const log = this._find(name)?.job?.log ?? [];
    this._update(name, { job: null, result: null, log, ...change });
    this._ends.get(name)?.resolve(isWell);
    this._ends.delete(name);
  }

  private _hearProgress({ job: id, step, message, fraction, log }: StepProgress): void {
    // After a reload of the page there is no job yet: the step was started by the page before.
    const job = this._find(step)?.job ?? NEW_JOB;
    const told = log ? { log: [...job.log, message].slice(-LOG_LINES) } : { message, fraction };
    this._update(step, { job: { ...job, id, ...told } });
  }

  /** The job's number has come; the step may have ended before. */
  private async _name(step: string, id: number): Promise<void> {
    const job = this._find(step)?.job ?? null;
    if (job !== null && job.id === null) {
      this._update(step, { job: { ...job, id } });
      if (job.cancelling) {
        await this.cancel(step);
      }
    }
  }

  /** What the user chose; what was left alone keeps the kernel side's defaults. */
  private _chosen(form: StepForm): Record<string, OptionValue> {
    const chosen = form.options.map(
      option => [option.name, this._value(form.name, option)] as const
    );
    return Object.fromEntries(
      chosen.filter((pair): pair is [string, OptionValue] => pair[1] !== undefined)
    );
  }

  private _value(step: string, option: OptionForm): OptionValue | undefined {
    const value = this.option(step, option.name);
    if (value === undefined && option.kind === 'model' && option.required) {
      return this.models[0];
    }
    if (value === '') {
      return undefined;
    }
    return option.kind === 'number' && typeof value === 'string' ? Number(value) : value;
  }

  private _find(name: string): IStep | undefined {
    return this.steps.find(step => step.form.name === name);
  }

  private _update(name: string, change: Partial<IStep>): void {
    this.steps = this.steps.map(step => (step.form.name === name ? { ...step, ...change } : step));
    this._changed();
  }

  private readonly _connection: IConnection;
  private readonly _page: () => Page;
  private readonly _changed: () => void;
  private readonly _options = new Map<string, Map<string, OptionValue>>();
  /** What waits for the end of a step that runs. */
  private readonly _ends = new Map<string, PromiseDelegate<boolean>>();
}

/** What a step failed of by the time another kernel was reached. */
function lossOf(step: IStep | undefined): IFailure | null {
  return step?.job
    ? failureOf(new ConnectionLost('The kernel went away.'))
    : (step?.failure ?? null);
}

/** Only the way to the kernel was lost where the step still runs, or was done meanwhile. */
function told(step: IStep, state: StepState | null): Pick<IStep, 'state' | 'failure'> {
  const isDoneSince = state?.state === 'done' && state.done_at !== step.state?.done_at;
  const isAlive = state?.state === 'running' || isDoneSince;
  return { state, failure: step.failure?.reason === 'lost' && isAlive ? null : step.failure };
}
