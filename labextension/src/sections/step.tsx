/** One step to production: where it stands, its button, its options, and what came of it. */

import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { Link, Marking } from '../protocol';
import type { IStep, OptionValue } from '../tokens';
import { buttonClass } from './button';
import { Failure } from './failure';
import { OptionField } from './option';
import { PlanText } from './plan';
import { Prose } from './prose';
import { Result } from './result';
import type { ShapeName, Tone } from './shape';
import { Shape } from './shape';

export interface IStepProps {
  readonly trans: TranslationBundle;
  readonly step: IStep;
  readonly models: readonly string[];
  readonly isPrimary: boolean;
  readonly valueOf: (option: string) => OptionValue | undefined;
  readonly onOption: (option: string, value: OptionValue) => void;
  readonly onRun: () => void;
  /** Answer the step's question. */
  readonly onAnswer: (isYes: boolean) => void;
  readonly onPlan: () => void;
  readonly onLink: (link: Link) => void;
  /** Set the marks that it can't go on without; undefined where the page can't be changed. */
  readonly onMark: ((marking: Marking) => void) | undefined;
  readonly onCancel: () => void;
}

/** Before a plan is asked for, in milliseconds. */
const PLAN_PAUSE = 250;

export function Step(props: IStepProps): React.JSX.Element {
  const { trans, step } = props;
  const [isOpen, setOpen] = React.useState(false);
  const [shape, tone] = shapeOf(step);
  const { name, title } = step.form;
  const isIdle = step.job === null;
  // Asked anew when a plan no longer holds; a form that is being typed in gets a moment.
  React.useEffect(() => {
    if (!isOpen || !isIdle || step.plan !== null) {
      return undefined;
    }
    const timer = setTimeout(props.onPlan, PLAN_PAUSE);
    return () => {
      clearTimeout(timer);
    };
  }, [isOpen, isIdle, step.plan]);
  return (
    <li className="jp-Prodkit-row" data-testid={`prodkit-step-${name}`}>
      <Shape name={shape} tone={tone} />
      <form
        className="jp-Prodkit-step"
        onSubmit={event => {
          event.preventDefault();
          props.onRun();
        }}
      >
        <div className="jp-Prodkit-body">
          <h4>
            <button
              type="button"
              className="jp-Prodkit-disclosure"
              aria-expanded={isOpen}
              title={step.form.summary}
              onClick={() => {
                setOpen(!isOpen);
              }}
            >
              {title}
            </button>
          </h4>
          <p className="jp-Prodkit-soft jp-mod-small">
            <Prose text={textOf(trans, step)} />
          </p>
          <Drifted {...props} />
        </div>
        <Action {...props} />
        <Progress {...props} />
        <Question {...props} />
        {isOpen && isIdle && <PlanText {...props} />}
        <Options {...props} isOpen={isOpen} />
        {isOpen && <Log {...props} />}
        <Outcome {...props} />
      </form>
    </li>
  );
}

/** That notebook and result have moved apart, and on which side: by a shape and in words. */
function Drifted({ trans, step }: IStepProps): React.JSX.Element | null {
  const { drift = null } = step.state ?? {};
  if (drift === null || step.job !== null) {
    return null;
  }
  const { cells, files } = drift;
  return (
    <p
      className="jp-Prodkit-drift"
      data-testid={`prodkit-step-${step.form.name}-drift`}
      title={[...cells, ...files].join('\n')}
    >
      <Shape name="apart" tone="warn" />
      <strong>{trans.__('drifted')}</strong>{' '}
      <span className="jp-Prodkit-soft">{sideOf(trans, cells.length > 0, files.length > 0)}</span>
    </p>
  );
}

function sideOf(trans: TranslationBundle, isCells: boolean, isFiles: boolean): string {
  if (isCells && isFiles) {
    return trans.__('cells and package files have changed');
  }
  return isCells ? trans.__('cells have changed') : trans.__('package files were edited');
}

function Action({ trans, step, isPrimary, onCancel }: IStepProps): React.JSX.Element {
  const { name, title } = step.form;
  const { job } = step;
  if (job === null) {
    const isElsewhere = step.state?.state === 'running';
    return (
      <button
        className={buttonClass(isPrimary)}
        data-testid={`prodkit-run-${name}`}
        title={step.plan?.summary ?? step.form.summary}
        disabled={isElsewhere}
      >
        {title}
      </button>
    );
  }
  return (
    <button
      type="button"
      className="jp-Prodkit-button"
      data-testid={`prodkit-cancel-${name}`}
      aria-label={trans.__('Cancel %1', title)}
      disabled={job.cancelling}
      onClick={onCancel}
    >
      {job.cancelling ? trans.__('Stopping…') : trans.__('Cancel')}
    </button>
  );
}

function Progress({ step }: IStepProps): React.JSX.Element | null {
  if (step.job === null) {
    return null;
  }
  const share = step.job.fraction;
  // Without a value it is a bar of unknown length.
  return (
    <progress
      className="jp-Prodkit-progress"
      aria-label={step.form.title}
      {...(share === null ? {} : { value: share })}
    />
  );
}

/** What a step can't do without stands open; the rest waits behind its title. */
function Options(props: IStepProps & { readonly isOpen: boolean }): React.JSX.Element | null {
  const { form } = props.step;
  const shown = form.options.filter(option => option.required || props.isOpen);
  if (shown.length === 0 && !props.isOpen) {
    return null;
  }
  return (
    <div className="jp-Prodkit-options">
      {props.isOpen && (
        <p className="jp-Prodkit-soft">
          <Prose text={form.summary} />
        </p>
      )}
      {shown.map(option => (
        <OptionField
          key={option.name}
          trans={props.trans}
          step={form.name}
          option={option}
          models={props.models}
          isExplained={props.isOpen}
          value={props.valueOf(option.name)}
          onChange={value => {
            props.onOption(option.name, value);
          }}
        />
      ))}
    </div>
  );
}

function Question({ trans, step, onAnswer }: IStepProps): React.JSX.Element | null {
  const { question, form } = step;
  if (question === null) {
    return null;
  }
  const answer = (isYes: boolean, label: string): React.JSX.Element => (
    <button
      type="button"
      className={buttonClass(isYes)}
      onClick={() => {
        onAnswer(isYes);
      }}
    >
      {label}
    </button>
  );
  return (
    <div
      className="jp-Prodkit-question"
      role="alert"
      data-testid={`prodkit-step-${form.name}-question`}
    >
      <p>
        <Prose text={question} />
      </p>
      <div className="jp-Prodkit-actions">
        {answer(true, trans.__('Yes, go on'))}
        {answer(false, trans.__('No'))}
      </div>
    </div>
  );
}

function Log({ trans, step }: IStepProps): React.JSX.Element | null {
  const lines = step.job?.log ?? step.log;
  return lines.length === 0 ? null : (
    <pre className="jp-Prodkit-log" tabIndex={0} aria-label={trans.__('Log')}>
      {lines.join('\n')}
    </pre>
  );
}

function Outcome({ trans, step, onLink, onMark }: IStepProps): React.JSX.Element | null {
  const testId = `prodkit-step-${step.form.name}`;
  if (step.failure !== null) {
    const { failure } = step;
    return <Failure trans={trans} failure={failure} testId={`${testId}-error`} onMark={onMark} />;
  }
  return step.result === null ? null : (
    <Result trans={trans} result={step.result} testId={`${testId}-result`} onLink={onLink} />
  );
}

function shapeOf({ job, failure, state }: IStep): readonly [ShapeName, Tone] {
  if (job !== null || state?.state === 'running') {
    return ['running', 'brand'];
  }
  if (failure !== null && failure.reason !== 'cancelled') {
    return ['triangle', 'bad'];
  }
  switch (state?.state) {
    case 'done':
      return ['circle', 'good'];
    case 'stale':
      return ['square', 'warn'];
    case 'never':
    case undefined:
      return ['ring', 'quiet'];
  }
}

function textOf(trans: TranslationBundle, { job, failure, result, state }: IStep): string {
  if (job !== null) {
    return job.message === '' ? trans.__('starting…') : job.message;
  }
  if (failure !== null && failure.reason !== 'cancelled') {
    return trans.__('failed');
  }
  // The result below says the same in full.
  const isTold = result !== null && state?.text === result.summary;
  return isTold ? trans.__('done') : (state?.text ?? '');
}
