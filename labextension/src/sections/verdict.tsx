/** The verdict in one sentence, the counts behind it, and what to do next. */

import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { CellVerdict, Report } from '../protocol';
import type { IChange, IVerdict } from '../tokens';
import { buttonClass } from './button';
import { Failure } from './failure';
import { Prose } from './prose';
import type { ShapeName, Tone } from './shape';
import { Shape } from './shape';

export interface IVerdictProps extends Omit<IVerdict, 'fixes'> {
  readonly trans: TranslationBundle;
  readonly primary: 'check' | 'rerun' | null;
  /** Whether the kernel runs a cell and answers only after it. */
  readonly isBlocked: boolean;
  readonly isReadOnly: boolean;
  readonly isBusy: boolean;
  readonly lastChange: IChange | null;
  readonly onCheck: () => void;
  readonly onRerun: (cellIds: readonly string[]) => void;
  /** Check by really running: what is in doubt, or all of it. */
  readonly onCloser: (how: 'replay' | 'verify') => void;
  readonly onUndo: () => void;
}

export function Verdict(props: IVerdictProps): React.JSX.Element {
  const { trans, report, failure, lastChange } = props;
  const [shape, tone] = shapeOf(report);
  return (
    <section className="jp-Prodkit-verdict">
      <h2>
        <Shape name={props.checking && report === null ? 'running' : shape} tone={tone} />
        <span role="status" data-testid="prodkit-verdict">
          {sentence(props)}
        </span>
      </h2>
      {report !== null && (
        <p className="jp-Prodkit-soft" data-testid="prodkit-counts">
          {[...counts(trans, report), when(props)].join(' · ')}
        </p>
      )}
      {failure !== null && <Failure trans={trans} failure={failure} testId="prodkit-check-error" />}
      <Actions {...props} />
      {lastChange !== null && (
        <p className="jp-Prodkit-change" role="status">
          <span>
            {trans.__('Done:')} <Prose text={lastChange.label} />
          </span>
          <button className="jp-Prodkit-link" data-testid="prodkit-undo" onClick={props.onUndo}>
            {trans.__('Undo')}
          </button>
        </p>
      )}
    </section>
  );
}

function Actions(props: IVerdictProps): React.JSX.Element {
  const { trans, report, isReadOnly, isBusy } = props;
  const doubtful = report === null ? 0 : count(report, 'unverified');
  return (
    <div className="jp-Prodkit-actions">
      {report !== null && report.plan.length > 0 && !isReadOnly && (
        <Rerun {...props} report={report} />
      )}
      <button className={buttonClass(props.primary === 'check')} onClick={props.onCheck}>
        {trans.__('Check')}
      </button>
      {doubtful > 0 && (
        <button
          className={buttonClass(false)}
          title={trans.__('Really run what is in doubt, in a process of its own')}
          disabled={isBusy}
          onClick={() => {
            props.onCloser('replay');
          }}
        >
          {trans.__('Replay %1', doubtful)}
        </button>
      )}
      <button
        className="jp-Prodkit-link jp-mod-end"
        title={trans.__('Run the whole page twice from a clean start, in a copy of its folder')}
        disabled={isBusy || report === null}
        onClick={() => {
          props.onCloser('verify');
        }}
      >
        {trans.__('Verify')}
      </button>
    </div>
  );
}

const SHAPES: Readonly<Record<Report['verdict'], readonly [ShapeName, Tone]>> = {
  diverges: ['triangle', 'bad'],
  unverified: ['diamond', 'open'],
  reproducible: ['circle', 'good']
};

function shapeOf(report: Report | null): readonly [ShapeName, Tone] {
  // A notebook that was just opened is no alarm.
  const isUnrun = report?.cells.every(cell => cell.state === 'never run') ?? true;
  return report === null || isUnrun ? ['ring', 'quiet'] : SHAPES[report.verdict];
}

function Rerun({
  trans,
  report,
  primary,
  onRerun
}: IVerdictProps & { readonly report: Report }): React.JSX.Element {
  const { plan } = report;
  const isNew = report.cells.every(cell => cell.state === 'never run');
  const label = isNew
    ? trans._n('Run %1 cell', 'Run %1 cells', plan.length)
    : trans._n('Re-run %1 cell', 'Re-run %1 cells', plan.length);
  const known = plan.every(run => run.seconds !== null);
  const seconds = plan.reduce((sum, run) => sum + (run.seconds ?? 0), 0);
  return (
    <button
      className={buttonClass(primary === 'rerun')}
      data-testid="prodkit-rerun"
      onClick={() => {
        onRerun(plan.map(run => run.cell_id));
      }}
    >
      {known ? `${label} · ${duration(trans, seconds)}` : label}
    </button>
  );
}

function sentence({ trans, report, checking, failure }: IVerdictProps): string {
  if (report === null) {
    const unchecked =
      failure === null ? trans.__('Not checked yet') : trans.__('The check could not be made');
    return checking ? trans.__('Checking…') : unchecked;
  }
  const total = report.cells.length;
  if (total === 0) {
    return trans.__('Nothing to check yet');
  }
  switch (report.verdict) {
    case 'diverges':
      return divergence(trans, report);
    case 'unverified': {
      const open = count(report, 'unverified');
      return trans._n("%1 cell can't be vouched for", "%1 cells can't be vouched for", open);
    }
    case 'reproducible': {
      const varying = count(report, 'nondeterministic');
      return varying > 0
        ? trans._n(
            'All cells run clean, %1 varies by chance',
            'All cells run clean, %1 vary by chance',
            varying
          )
        : trans._n('The one cell reproduces', 'All %1 cells reproduce', total);
    }
  }
}

function divergence(trans: TranslationBundle, report: Report): string {
  const changes = count(report, 'diverges');
  const fails = count(report, 'failed');
  if (fails > 0 && changes > 0) {
    return trans.__('%1 cells would change or fail on Restart & Run All', changes + fails);
  }
  if (fails > 0) {
    return trans._n(
      '%1 cell would fail on Restart & Run All',
      '%1 cells would fail on Restart & Run All',
      fails
    );
  }
  if (changes > 0) {
    return trans._n(
      '%1 cell would change on Restart & Run All',
      '%1 cells would change on Restart & Run All',
      changes
    );
  }
  return trans._n(
    '%1 cell has not been run',
    '%1 cells have not been run',
    count(report, 'never run')
  );
}

function counts(trans: TranslationBundle, report: Report): string[] {
  const words: Readonly<Record<CellVerdict['state'], string>> = {
    reproduced: trans.__('reproduced'),
    diverges: trans.__('changed'),
    failed: trans.__('failing'),
    unverified: trans.__('unverified'),
    'never run': trans.__('never run'),
    nondeterministic: trans.__('by chance')
  };
  return Object.entries(words)
    .map(
      ([state, word]) => [report.cells.filter(cell => cell.state === state).length, word] as const
    )
    .filter(([number]) => number > 0)
    .map(([number, word]) => `${number.toString()} ${word}`);
}

function count(report: Report, state: CellVerdict['state']): number {
  return report.cells.filter(cell => cell.state === state).length;
}

function when({ trans, checking, outdated, checkedAt, isBlocked }: IVerdictProps): string {
  if (isBlocked) {
    return trans.__('kernel busy, checked when the cell ends');
  }
  if (checking) {
    return trans.__('checking…');
  }
  const time = checkedAt?.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' }) ?? '';
  return outdated ? trans.__('out of date, checked at %1', time) : trans.__('checked at %1', time);
}

function duration(trans: TranslationBundle, seconds: number): string {
  if (seconds < 1) {
    return trans.__('under 1 s');
  }
  return seconds < 90
    ? trans.__('%1 s', Math.round(seconds))
    : trans.__('%1 min', Math.round(seconds / 60));
}
