/** What a step would do, before it does it; or why it can't yet, and what to do about that. */

import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { Marking, StepPlanned } from '../protocol';
import type { IStep } from '../tokens';
import { MarkButton } from './failure';
import { PlanFiles } from './plan-files';
import { Prose } from './prose';

export interface IPlanTextProps {
  readonly trans: TranslationBundle;
  readonly step: IStep;
  readonly onMark: ((marking: Marking) => void) | undefined;
}

export function PlanText(props: IPlanTextProps): React.JSX.Element {
  const { trans, step } = props;
  const { plan, form } = step;
  return (
    <div className="jp-Prodkit-plan" data-testid={`prodkit-step-${form.name}-plan`}>
      <p>
        <span className="jp-Prodkit-soft">
          {plan?.blocked === true ? trans.__('Not yet:') : trans.__('It would:')}
        </span>{' '}
        <Prose text={plan?.summary ?? trans.__('looking…')} />
      </p>
      {plan !== null && <Particulars {...props} plan={plan} />}
    </div>
  );
}

function Particulars({
  trans,
  plan,
  step,
  onMark
}: IPlanTextProps & { readonly plan: StepPlanned }): React.JSX.Element {
  return (
    <>
      {plan.hint !== '' && (
        <p className="jp-Prodkit-soft">
          <Prose text={plan.hint} />
        </p>
      )}
      {step.failure === null && <MarkButton marking={plan.marking} onMark={onMark} />}
      {plan.details.length > 0 && (
        <ul>
          {plan.details.map((detail, index) => (
            <li key={index}>
              <Prose text={detail} />
            </li>
          ))}
        </ul>
      )}
      <PlanFiles trans={trans} files={plan.files} />
    </>
  );
}
