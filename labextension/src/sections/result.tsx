/** What a step did: a sentence, its facts, and what to beware of. */

import * as React from 'react';

import type { StepResult } from '../protocol';
import { Prose } from './prose';
import { Shape } from './shape';

export function Result({
  result,
  testId
}: {
  readonly result: StepResult;
  readonly testId: string;
}): React.JSX.Element {
  return (
    <div className="jp-Prodkit-outcome jp-mod-result" role="status" data-testid={testId}>
      <p>
        <Prose text={result.summary} />
      </p>
      {result.facts.length > 0 && (
        <dl>
          {result.facts.map(({ label, value }, index) => (
            <React.Fragment key={index}>
              <dt>{label}</dt>
              <dd>
                <Prose text={value} />
              </dd>
            </React.Fragment>
          ))}
        </dl>
      )}
      {result.warnings.map((warning, index) => (
        <p key={index} className="jp-Prodkit-warning">
          <Shape name="square" tone="warn" />
          <span>
            <Prose text={warning} />
          </span>
        </p>
      ))}
    </div>
  );
}
