/** What went wrong, and what to do about it. */

import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { Marking } from '../protocol';
import type { IFailure } from '../tokens';
import { Prose } from './prose';
import { Shape } from './shape';

export interface IFailureProps {
  readonly trans: TranslationBundle;
  readonly failure: IFailure;
  readonly testId: string;
  /** Set the marks that mend it; undefined where that can't be done. */
  readonly onMark?: ((marking: Marking) => void) | undefined;
}

export function Failure({ trans, failure, testId, onMark }: IFailureProps): React.JSX.Element {
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
        <MarkButton marking={failure.marking} onMark={onMark} />
      </div>
    </div>
  );
}

interface IMarkButtonProps extends Pick<IFailureProps, 'onMark'> {
  readonly marking: Marking | null;
}

/** Sets the marks that a step can't go on without. */
export function MarkButton({ marking, onMark }: IMarkButtonProps): React.JSX.Element | null {
  return marking === null || onMark === undefined ? null : (
    <p className="jp-Prodkit-cures">
      <button
        type="button"
        className="jp-Prodkit-link"
        data-testid="prodkit-mark-all"
        onClick={() => {
          onMark(marking);
        }}
      >
        <Prose text={marking.label} />
      </button>
    </p>
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
