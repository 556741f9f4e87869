/** What went wrong, and what to do about it. */

import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IFailure } from '../tokens';
import { Prose } from './prose';
import { Shape } from './shape';

export interface IFailureProps {
  readonly trans: TranslationBundle;
  readonly failure: IFailure;
  readonly testId: string;
}

export function Failure({ trans, failure, testId }: IFailureProps): React.JSX.Element {
  const isStopped = failure.reason === 'cancelled';
  return (
    <div className="jp-Prodkit-outcome" role={isStopped ? 'status' : 'alert'} data-testid={testId}>
      <Shape name={isStopped ? 'ring' : 'triangle'} tone={isStopped ? 'quiet' : 'bad'} />
      <div>
        <p>
          <Prose text={message(trans, failure)} />
        </p>
        {failure.hint !== '' && (
          <p className="jp-Prodkit-soft">
            <Prose text={failure.hint} />
          </p>
        )}
      </div>
    </div>
  );
}

function message(trans: TranslationBundle, failure: IFailure): string {
  switch (failure.reason) {
    case 'lost':
      return trans.__('The kernel went away before this was done.');
    case 'malformed':
      return trans.__(
        'The kernel side said something that this panel does not understand (%1).',
        failure.message
      );
    case 'cancelled':
    case 'refused':
      return failure.message;
  }
}
