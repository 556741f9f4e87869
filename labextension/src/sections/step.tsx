/** One step to production: where it stands, its button, its options, and what came of it. */

import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IJob, IStep, OptionValue } from '../tokens';
import { buttonClass } from './button';
import { Failure } from './failure';
import { OptionField } from './option';
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
  readonly onCancel: () => void;
}

export function Step(props: IStepProps): React.JSX.Element {
  const { trans, step } = props;
  const [isOpen, setOpen] = React.useState(false);
  const [shape, tone] = shapeOf(step);
  const { name, title } = step.form;
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
          <p className="jp-Prodkit-soft">
            <Prose text={textOf(trans, step)} />
          </p>
        </div>
        <Action {...props} />
        <Progress {...props} />
        <Options {...props} isOpen={isOpen} />
        {isOpen && <Log lines={step.job?.log ?? []} />}
        <Outcome {...props} />
      </form>
    </li>
  );
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
          value={props.valueOf(option.name)}
          onChange={value => {
            props.onOption(option.name, value);
          }}
        />
      ))}
    </div>
  );
}

function Log({ lines }: { readonly lines: IJob['log'] }): React.JSX.Element | null {
  return lines.length === 0 ? null : (
    <pre className="jp-Prodkit-log" tabIndex={0}>
      {lines.join('\n')}
    </pre>
  );
}

function Outcome({ trans, step }: IStepProps): React.JSX.Element | null {
  const testId = `prodkit-step-${step.form.name}`;
  if (step.failure !== null) {
    return <Failure trans={trans} failure={step.failure} testId={`${testId}-error`} />;
  }
  return step.result === null ? null : <Result result={step.result} testId={`${testId}-result`} />;
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
