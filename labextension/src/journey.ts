/** The steps to production: their forms come from the kernel side, so that nothing here knows any one step. */

import { expectReply } from './decode';
import { failureOf } from './failure';
import type {
  OptionForm,
  Page,
  StatesReply,
  StepDone,
  StepFailed,
  StepForm,
  StepProgress
} from './protocol';
import type { IConnection, IJob, IStep, OptionValue } from './tokens';

/** How many lines of an outside tool are kept for reading. */
const LOG_LINES = 200;
const NEW_JOB: IJob = { id: null, message: '', fraction: null, log: [], cancelling: false };

export class Journey {
  constructor(connection: IConnection, changed: () => void) {
    this._connection = connection;
    this._changed = changed;
  }

  get steps(): readonly IStep[] {
    return this._steps;
  }

  get models(): readonly string[] {
    return this._models;
  }

  /** Take the steps of a kernel side that has just been reached; a step that ran in the last one has gone with it. */
  begin(forms: readonly StepForm[]): void {
    const before = new Map(this._steps.map(step => [step.form.name, step]));
    this._steps = forms.map(form => ({
      form,
      state: null,
      job: null,
      result: before.get(form.name)?.result ?? null,
      failure: before.get(form.name)?.failure ?? null
    }));
  }

  settle({ states, models }: StatesReply): void {
    this._models = models;
    this._steps = this._steps.map(step => ({
      ...step,
      state: states.find(state => state.name === step.form.name) ?? null
    }));
  }

  option(step: string, name: string): OptionValue | undefined {
    return this._options.get(step)?.get(name);
  }

  /** Says nothing to the views: the form field that was changed already shows it. */
  setOption(step: string, name: string, value: OptionValue): void {
    const options = this._options.get(step) ?? new Map<string, OptionValue>();
    this._options.set(step, options.set(name, value));
  }

  async run(name: string, page: Page): Promise<void> {
    const step = this._find(name);
    if (step?.job !== null) {
      return;
    }
    this._update(name, { job: NEW_JOB, result: null, failure: null });
    try {
      const options = this._chosen(step.form);
      const reply = await this._connection.ask({ kind: 'run', step: name, options, page });
      await this._name(name, expectReply(reply, 'started').job);
    } catch (error) {
      this._update(name, { job: null, failure: failureOf(error) });
    }
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

  hear(event: StepProgress | StepDone | StepFailed): void {
    switch (event.kind) {
      case 'progress':
        this._hearProgress(event);
        break;
      case 'done':
        this._update(event.result.step, { job: null, result: event.result, failure: null });
        break;
      case 'failed': {
        const { message, hint, cancelled } = event;
        const reason = cancelled ? 'cancelled' : 'refused';
        this._update(event.step, { job: null, result: null, failure: { reason, message, hint } });
      }
    }
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
      return this._models[0];
    }
    if (value === '') {
      return undefined;
    }
    return option.kind === 'number' && typeof value === 'string' ? Number(value) : value;
  }

  private _find(name: string): IStep | undefined {
    return this._steps.find(step => step.form.name === name);
  }

  private _update(name: string, change: Partial<IStep>): void {
    this._steps = this._steps.map(step =>
      step.form.name === name ? { ...step, ...change } : step
    );
    this._changed();
  }

  private readonly _connection: IConnection;
  private readonly _changed: () => void;
  private readonly _options = new Map<string, Map<string, OptionValue>>();
  private _steps: readonly IStep[] = [];
  private _models: readonly string[] = [];
}
