/** The whole panel for one model: which sections stand in it, and which single action comes first. */

import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { Attachment, IProdkitModel, ISurroundings } from '../tokens';
import { ActiveCell } from './cell';
import { Findings } from './findings';
import { JourneySection } from './journey';
import { DataflowMap } from './map';
import { Notice } from './notice';
import { primaryAction } from './primary';
import { Verdict } from './verdict';

export interface IRootProps {
  readonly trans: TranslationBundle;
  readonly model: IProdkitModel | null;
  readonly around: ISurroundings;
}

export function Root({ trans, model, around }: IRootProps): React.JSX.Element {
  const attachment = model?.attachment ?? null;
  return (
    <>
      <div className="jp-Prodkit-content">
        {model !== null && hasSomethingToShow(model) ? (
          <Sections key={model.id} trans={trans} model={model} around={around} />
        ) : (
          <Notice
            trans={trans}
            attachment={attachment}
            onRetry={() => {
              model?.attach();
            }}
            onCopy={around.copy}
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
function hasSomethingToShow({ attachment, journey, verdict }: IProdkitModel): boolean {
  const isBetween = attachment.status === 'connecting' || attachment.status === 'waiting';
  const isKnown = journey.steps.length > 0 || verdict.report !== null;
  return attachment.status === 'attached' || (isBetween && isKnown);
}

interface ISectionsProps {
  readonly trans: TranslationBundle;
  readonly model: IProdkitModel;
  readonly around: ISurroundings;
}

function Sections({ trans, model, around }: ISectionsProps): React.JSX.Element {
  const first = primaryAction(model);
  return (
    <>
      <Judgement trans={trans} model={model} />
      {model.verdict.report !== null && <Details trans={trans} model={model} />}
      {model.journey.steps.length > 0 && (
        <JourneySection
          trans={trans}
          journey={model.journey}
          primary={typeof first === 'object' ? (first?.step ?? null) : null}
          onLink={({ kind, target }) => {
            if (kind === 'folder') {
              around.openFolder(target, model.page.path);
            } else {
              around[kind === 'page' ? 'openPage' : 'copy'](target);
            }
          }}
          onMark={
            model.isReadOnly
              ? undefined
              : marking => {
                  model.fixing.markAll(marking);
                }
          }
        />
      )}
    </>
  );
}

function Judgement({ trans, model }: Omit<ISectionsProps, 'around'>): React.JSX.Element {
  const { report, checkedAt, checking, outdated, failure } = model.verdict;
  const first = primaryAction(model);
  return (
    <Verdict
      trans={trans}
      {...{ report, checkedAt, checking, outdated, failure }}
      isBlocked={model.isBlocked}
      isReadOnly={model.isReadOnly}
      isBusy={model.journey.steps.some(step => step.job !== null)}
      lastChange={model.fixing.last}
      primary={first === 'check' || first === 'rerun' ? first : null}
      onCheck={() => {
        model.check();
      }}
      onRerun={cellIds => {
        model.rerun(cellIds);
      }}
      onCloser={how => {
        void model.journey.run('check', { [how]: true });
      }}
      onUndo={() => {
        model.fixing.undo();
      }}
    />
  );
}

function Details({ trans, model }: Omit<ISectionsProps, 'around'>): React.JSX.Element | null {
  const { report, fixes } = model.verdict;
  const active = model.activeCell;
  const reveal = React.useCallback(
    (cellId: string) => {
      model.reveal(cellId);
    },
    [model]
  );
  const want = React.useCallback(
    (isWanted: boolean) => {
      model.wantsFlows = isWanted;
    },
    [model]
  );
  if (report === null) {
    return null;
  }
  return (
    <>
      {report.cells.length > 1 && (
        <DataflowMap
          trans={trans}
          report={report}
          page={model.page}
          flows={model.flows}
          activeCellId={active?.cell.cell_id ?? null}
          onReveal={reveal}
          onWanted={want}
        />
      )}
      {active !== null && (
        <ActiveCell
          trans={trans}
          report={report}
          page={model.page}
          active={active}
          isReadOnly={model.isReadOnly}
          onMark={(cellId, mark, isOn) => {
            model.fixing.mark(cellId, mark, isOn);
          }}
        />
      )}
      <Findings
        trans={trans}
        report={report}
        page={model.page}
        fixes={fixes}
        isReadOnly={model.isReadOnly}
        onReveal={reveal}
        onFix={(fix, finding) => {
          void model.fixing.apply(fix, finding);
        }}
        onRestore={run => {
          void model.fixing.restore(run);
        }}
        onRerun={() => {
          model.rerun(report.plan.map(run => run.cell_id));
        }}
      />
    </>
  );
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
    case 'refused':
    case 'version mismatch':
    case 'failed':
      return trans.__('not attached');
  }
}
