/** The steps to production, one after the other. */

import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { Link, Marking } from '../protocol';
import type { IJourney } from '../tokens';
import { Shape } from './shape';
import { Step } from './step';

export interface IJourneySectionProps {
  readonly trans: TranslationBundle;
  readonly journey: IJourney;
  /** The step whose button is the panel's primary one. */
  readonly primary: string | null;
  readonly onLink: (link: Link) => void;
  /** Set the marks that a step can't go on without; undefined where the page can't be changed. */
  readonly onMark: ((marking: Marking) => void) | undefined;
}

export function JourneySection(props: IJourneySectionProps): React.JSX.Element {
  const { trans, journey, primary, onLink, onMark } = props;
  return (
    <section>
      <h3>
        {trans.__('To production')}
        <RunAll {...props} />
      </h3>
      <Stop {...props} />
      <ul className="jp-Prodkit-list">
        {journey.steps.map(step => {
          const { name } = step.form;
          return (
            <Step
              key={name}
              trans={trans}
              step={step}
              models={journey.models}
              isPrimary={primary === name}
              valueOf={option => journey.option(name, option)}
              onOption={(option, value) => {
                journey.setOption(name, option, value);
              }}
              onRun={() => {
                void journey.run(name);
              }}
              onAnswer={isYes => {
                if (isYes) {
                  void journey.run(name, { yes: true });
                } else {
                  journey.decline(name);
                }
              }}
              onPlan={() => {
                void journey.plan(name);
              }}
              onLink={onLink}
              onMark={
                onMark &&
                (marking => {
                  journey.forgive(name);
                  onMark(marking);
                })
              }
              onCancel={() => {
                void journey.cancel(name);
              }}
            />
          );
        })}
      </ul>
    </section>
  );
}

function RunAll({ trans, journey }: IJourneySectionProps): React.JSX.Element {
  const isBusy = journey.isRunningAll || journey.steps.some(step => step.job !== null);
  return (
    <button
      className="jp-Prodkit-link"
      data-testid="prodkit-run-all"
      title={trans.__('Run each step that is not done, up to the first that needs you')}
      disabled={isBusy}
      onClick={() => {
        void journey.runAll();
      }}
    >
      {journey.isRunningAll ? trans.__('Running…') : trans.__('Run all steps')}
    </button>
  );
}

function Stop({ trans, journey }: IJourneySectionProps): React.JSX.Element | null {
  const { stoppedAt, steps } = journey;
  const step = steps.find(one => one.form.name === stoppedAt);
  if (step === undefined) {
    return null;
  }
  return (
    <p className="jp-Prodkit-row jp-Prodkit-soft" role="status" data-testid="prodkit-stopped">
      <Shape name="triangle" tone="bad" />
      <span className="jp-Prodkit-body">
        {trans.__('Stopped at %1: what it needs stands with it.', step.form.title)}
      </span>
    </p>
  );
}
