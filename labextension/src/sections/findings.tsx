/** What was found, the gravest first: each with its cause, its cure, and the way to its cell. */

import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { Finding, Fix, Page, Report } from '../protocol';
import { Prose } from './prose';
import type { ShapeName, Tone } from './shape';
import { Shape } from './shape';

export interface IFindingsProps {
  readonly trans: TranslationBundle;
  readonly report: Report;
  readonly page: Page;
  readonly fixes: readonly Fix[];
  readonly isReadOnly: boolean;
  readonly onReveal: (cellId: string) => void;
  readonly onFix: (fix: Fix, finding: Finding) => void;
  readonly onRestore: (run: number) => void;
  /** Run the repair plan. */
  readonly onRerun: () => void;
}

type Severity = Finding['severity'];

const SHAPES: Readonly<Record<Severity, readonly [ShapeName, Tone]>> = {
  blocker: ['triangle', 'bad'],
  warning: ['square', 'warn'],
  note: ['ring', 'quiet']
};
const GRAVEST_FIRST: readonly Severity[] = ['blocker', 'warning', 'note'];

/** More findings than this are shown on demand. */
const MOST = 30;

export const Findings = React.memo(FindingList, (before, now) => {
  const { report, page, fixes, isReadOnly } = now;
  return (
    before.report === report &&
    before.page === page &&
    before.fixes === fixes &&
    before.isReadOnly === isReadOnly
  );
});

function FindingList(props: IFindingsProps): React.JSX.Element | null {
  const { trans, report } = props;
  const [isWhole, setWhole] = React.useState(false);
  const groups = GRAVEST_FIRST.map(severity => ({
    severity,
    findings: report.findings.filter(finding => finding.severity === severity)
  })).filter(group => group.findings.length > 0);
  const remarks = remarksOf(report);
  if (groups.length === 0 && remarks.length === 0 && report.orphans.length === 0) {
    return null;
  }
  return (
    <section>
      <h3>
        {trans.__('Findings')}
        <span className="jp-Prodkit-tally">
          {groups.map(({ severity, findings }) => (
            <span key={severity} role="img" aria-label={tally(trans, severity, findings.length)}>
              <Shape name={SHAPES[severity][0]} tone={SHAPES[severity][1]} />
              {findings.length}
            </span>
          ))}
        </span>
      </h3>
      {groups.map(({ severity, findings }) => (
        <ul
          key={severity}
          className="jp-Prodkit-list"
          aria-label={tally(trans, severity, findings.length)}
        >
          {findings.slice(0, isWhole ? undefined : MOST).map((finding, index) => (
            <OneFinding key={index} {...props} finding={finding} fixes={fixesOf(props, finding)} />
          ))}
        </ul>
      ))}
      {!isWhole && groups.some(group => group.findings.length > MOST) && (
        <p className="jp-Prodkit-row">
          <button
            className="jp-Prodkit-link"
            onClick={() => {
              setWhole(true);
            }}
          >
            {trans.__('Show all %1 findings', report.findings.length)}
          </button>
        </p>
      )}
      {remarks.map(remark => (
        <OneRemark key={remark.reason} {...props} {...remark} />
      ))}
      <Orphans {...props} />
    </section>
  );
}

function OneFinding(props: IFindingProps): React.JSX.Element {
  const { trans, finding, page, onReveal } = props;
  const [shape, tone] = SHAPES[finding.severity];
  return (
    <li
      className="jp-Prodkit-row"
      data-testid="prodkit-finding"
      data-rule={finding.rule}
      data-cell-id={finding.cell_id}
    >
      <Shape name={shape} tone={tone} />
      <div className="jp-Prodkit-body">
        <div className="jp-Prodkit-headline">
          <p title={finding.rule}>
            <Prose text={finding.message} />
          </p>
          <CellButton trans={trans} page={page} cellId={finding.cell_id} onReveal={onReveal} />
        </div>
        {finding.because !== '' && (
          <p className="jp-Prodkit-soft">
            <Prose text={finding.because} />
          </p>
        )}
        {finding.fix !== '' && !isCured(props) && (
          <p className="jp-Prodkit-fix">
            <Prose text={finding.fix} />
          </p>
        )}
        <Cures {...props} />
      </div>
    </li>
  );
}

type IFindingProps = IFindingsProps & { readonly finding: Finding };

/** Whether a click mends it, so that nobody has to be told how. */
function isCured(props: IFindingProps): boolean {
  const { finding, fixes, isReadOnly } = props;
  const isMended = fixes.some(fix => fix.kind !== 'ignore') || finding.restores !== null;
  return !isReadOnly && (isMended || isPlanned(props));
}

/** Whether running the repair plan mends it. */
function isPlanned({ finding, report }: IFindingProps): boolean {
  const isStale = finding.rule.startsWith('hidden-state/') && finding.restores === null;
  return isStale && report.plan.some(run => run.cell_id === finding.cell_id);
}

/** What one click does about a finding. */
function Cures(props: IFindingProps): React.JSX.Element | null {
  const { trans, finding, fixes, isReadOnly, onFix, onRestore, onRerun } = props;
  const { restores } = finding;
  if (isReadOnly || !(isCured(props) || fixes.length > 0)) {
    return null;
  }
  return (
    <p className="jp-Prodkit-cures">
      {isPlanned(props) && (
        <button
          className="jp-Prodkit-link"
          data-testid="prodkit-fix-rerun"
          title={finding.fix}
          onClick={onRerun}
        >
          {trans.__('Re-run %1', planNumbers(props))}
        </button>
      )}
      {restores !== null && (
        <button
          className="jp-Prodkit-link"
          data-testid="prodkit-restore"
          title={trans.__('Put the deleted cell back on the page, where it stood')}
          onClick={() => {
            onRestore(restores);
          }}
        >
          {trans.__('Restore the cell')}
        </button>
      )}
      {fixes.map(fix => (
        <button
          key={fix.kind}
          className="jp-Prodkit-link"
          data-testid={`prodkit-fix-${fix.kind}`}
          onClick={() => {
            onFix(fix, finding);
          }}
        >
          <Prose text={fix.label} />
        </button>
      ))}
    </p>
  );
}

/** The cells of the plan as people count them, shortened where they are many. */
function planNumbers({ report, page }: IFindingsProps): string {
  const places = new Map(page.cells.map((cell, index) => [cell.cell_id, index + 1]));
  const numbers = report.plan.map(run => places.get(run.cell_id) ?? 0).filter(number => number > 0);
  return numbers.length > 6 ? `${numbers.slice(0, 5).join(', ')}, …` : numbers.join(', ');
}

function fixesOf({ report, fixes }: IFindingsProps, finding: Finding): readonly Fix[] {
  const place = report.findings.indexOf(finding);
  return fixes.filter(fix => fix.finding === place);
}

interface ICellButtonProps extends Pick<IFindingsProps, 'trans' | 'page' | 'onReveal'> {
  readonly cellId: string | null;
}

/** The way to a cell; nothing where the finding has none, or its cell is no longer on the page. */
function CellButton({ trans, page, cellId, onReveal }: ICellButtonProps): React.JSX.Element | null {
  const index = page.cells.findIndex(cell => cell.cell_id === cellId);
  const cell = page.cells[index];
  if (cell === undefined) {
    return null;
  }
  const firstLine = cell.source.trimStart().split('\n', 1)[0] ?? '';
  return (
    <button
      className="jp-Prodkit-link"
      data-testid="prodkit-finding-cell"
      title={trans.__('Go to: %1', firstLine)}
      onClick={() => {
        onReveal(cell.cell_id);
      }}
    >
      {trans.__('cell %1', index + 1)}
    </button>
  );
}

interface IRemark {
  readonly reason: string;
  readonly cellIds: readonly string[];
}

/** Why cells that no finding speaks of are in their state, those of one reason together. */
function remarksOf({ cells, findings }: Report): readonly IRemark[] {
  const told = new Set(findings.map(finding => finding.cell_id));
  const remarks = new Map<string, string[]>();
  for (const { cell_id: cellId, reason } of cells) {
    if (reason !== '' && !told.has(cellId)) {
      remarks.set(reason, [...(remarks.get(reason) ?? []), cellId]);
    }
  }
  return Array.from(remarks, ([reason, cellIds]) => ({ reason, cellIds }));
}

function OneRemark({ reason, cellIds, ...props }: IFindingsProps & IRemark): React.JSX.Element {
  return (
    <div className="jp-Prodkit-row" data-testid="prodkit-remark">
      <Shape name="diamond" tone="open" />
      <div className="jp-Prodkit-body">
        <p className="jp-Prodkit-soft">
          <Prose text={reason} />
        </p>
        <p className="jp-Prodkit-cells">
          {cellIds.map(cellId => (
            <CellButton key={cellId} {...props} cellId={cellId} />
          ))}
        </p>
      </div>
    </div>
  );
}

function Orphans({ trans, report }: IFindingsProps): React.JSX.Element | null {
  if (report.orphans.length === 0) {
    return null;
  }
  return (
    <p className="jp-Prodkit-row jp-Prodkit-soft">
      <Shape name="ring" tone="quiet" />
      <span className="jp-Prodkit-body">
        {trans.__('In the kernel, though no cell makes them:')}{' '}
        {report.orphans.map(({ name }) => (
          <React.Fragment key={name}>
            <code>{name}</code>{' '}
          </React.Fragment>
        ))}
      </span>
    </p>
  );
}

function tally(trans: TranslationBundle, severity: Severity, number: number): string {
  switch (severity) {
    case 'blocker':
      return trans._n('%1 blocker', '%1 blockers', number);
    case 'warning':
      return trans._n('%1 warning', '%1 warnings', number);
    case 'note':
      return trans._n('%1 note', '%1 notes', number);
  }
}
