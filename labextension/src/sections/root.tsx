/** The whole panel for one model: which sections stand in it, and which single action comes first. */

import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { Attachment, IProdkitModel } from '../tokens';
import { Findings } from './findings';
import { Notice } from './notice';
import { Step } from './step';
import { Strip } from './strip';
import { Verdict } from './verdict';

export interface IRootProps {
  readonly trans: TranslationBundle;
  readonly model: IProdkitModel | null;
  readonly onCopy: (text: string) => void;
}

export function Root({ trans, model, onCopy }: IRootProps): React.JSX.Element {
  const attachment = model?.attachment ?? null;
  return (
    <>
      <div className="jp-Prodkit-content">
        {model !== null && hasSomethingToShow(model) ? (
          <Sections key={model.id} trans={trans} model={model} />
        ) : (
          <Notice
            trans={trans}
            attachment={attachment}
            onRetry={() => {
              model?.attach();
            }}
            onCopy={onCopy}
          />
        )}
      </div>
      <div className="jp-Prodkit-footer">
        <span data-testid="prodkit-status">{statusText(trans, attachment)}</span>
        {attachment?.status === 'attached' && (
          <span>jupyter-prodkit {attachment.packageVersion}</span>
        )}
      </div>
    </>
  );
}

/** While a kernel restarts, what was known of the notebook stays in sight. */
function hasSomethingToShow({ attachment, steps, report }: IProdkitModel): boolean {
  const isBetween = attachment.status === 'connecting' || attachment.status === 'waiting';
  return attachment.status === 'attached' || (isBetween && (steps.length > 0 || report !== null));
}

function Sections({
  trans,
  model
}: {
  readonly trans: TranslationBundle;
  readonly model: IProdkitModel;
}): React.JSX.Element {
  const { report, steps } = model;
  const first = primaryAction(model);
  return (
    <>
      <Verdict
        trans={trans}
        report={report}
        checkedAt={model.checkedAt}
        checking={model.checking}
        outdated={model.outdated}
        failure={model.failure}
        primary={first === 'check' || first === 'rerun' ? first : null}
        onCheck={() => {
          model.check();
        }}
        onRerun={cellIds => {
          model.rerun(cellIds);
        }}
      />
      {report !== null && <Strip trans={trans} report={report} />}
      {report !== null && (
        <Findings
          trans={trans}
          report={report}
          page={model.page}
          onReveal={cellId => {
            model.reveal(cellId);
          }}
          onRestore={run => {
            void model.restore(run);
          }}
        />
      )}
      {steps.length > 0 && (
        <section>
          <h3>{trans.__('To production')}</h3>
          <ul className="jp-Prodkit-list">
            {steps.map(step => (
              <Step
                key={step.form.name}
                trans={trans}
                step={step}
                models={model.models}
                isPrimary={typeof first === 'object' && first?.step === step.form.name}
                valueOf={option => model.option(step.form.name, option)}
                onOption={(option, value) => {
                  model.setOption(step.form.name, option, value);
                }}
                onRun={() => {
                  void model.run(step.form.name);
                }}
                onCancel={() => {
                  void model.cancel(step.form.name);
                }}
              />
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

/** At most one button of the panel is the primary one: what a careful user would do next. */
export function primaryAction(
  model: IProdkitModel
): 'check' | 'rerun' | { readonly step: string } | null {
  const { report, steps } = model;
  if (steps.some(step => step.job !== null || step.state?.state === 'running')) {
    return null;
  }
  if (report === null || model.outdated || model.failure !== null) {
    return 'check';
  }
  if (report.verdict !== 'reproducible') {
    return report.plan.length > 0 ? 'rerun' : 'check';
  }
  const next = steps.find(step => step.state !== null && step.state.state !== 'done');
  return next === undefined ? null : { step: next.form.name };
}

function statusText(trans: TranslationBundle, attachment: Attachment | null): string {
  switch (attachment?.status) {
    case undefined:
      return trans.__('no notebook');
    case 'idle':
    case 'connecting':
      return trans.__('connecting…');
    case 'waiting':
      return trans.__('waiting for the kernel');
    case 'attached':
      return trans.__('attached');
    case 'no kernel':
      return trans.__('no kernel');
    case 'not python':
    case 'not installed':
    case 'version mismatch':
    case 'failed':
      return trans.__('not attached');
  }
}
