/** What a step would write, file by file: each state with a sign and a word, each change with its diff behind it. */

import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { PreviewedFile } from '../protocol';

type Change = PreviewedFile['change'];

const SIGNS: Readonly<Record<Change, string>> = {
  new: '+',
  changed: '~',
  removed: '−',
  conflict: '!',
  pending: '?',
  kept: '='
};
const ORDER: readonly Change[] = ['conflict', 'changed', 'new', 'removed', 'pending', 'kept'];

export interface IPlanFilesProps {
  readonly trans: TranslationBundle;
  readonly files: readonly PreviewedFile[];
}

export function PlanFiles({ trans, files }: IPlanFilesProps): React.JSX.Element | null {
  if (files.length === 0) {
    return null;
  }
  const counts = ORDER.map(
    change => [change, files.filter(file => file.change === change).length] as const
  ).filter(([, count]) => count > 0);
  return (
    <details className="jp-Prodkit-files" data-testid="prodkit-plan-files">
      <summary>
        {trans.__('Files:')}{' '}
        {counts
          .map(([change, count]) => `${String(count)} ${changeWord(trans, change)}`)
          .join(', ')}
      </summary>
      <ul>
        {ORDER.flatMap(change => files.filter(file => file.change === change)).map(file => (
          <li key={file.path}>
            <File trans={trans} file={file} />
          </li>
        ))}
      </ul>
    </details>
  );
}

function File({
  trans,
  file
}: {
  readonly trans: TranslationBundle;
  readonly file: PreviewedFile;
}): React.JSX.Element {
  const { path, change, added, removed, diff } = file;
  const lines = change === 'changed' ? ` +${String(added)} −${String(removed)}` : '';
  const row = (
    <>
      <span className="jp-Prodkit-sign" aria-hidden="true">
        {SIGNS[change]}
      </span>
      <span className="jp-Prodkit-path">{path}</span>{' '}
      <span className="jp-Prodkit-soft">
        {changeWord(trans, change)}
        {lines}
        {file.by_hand && `, ${trans.__('with your edits')}`}
      </span>
    </>
  );
  if (diff === '') {
    return row;
  }
  return (
    <details>
      <summary>{row}</summary>
      <pre tabIndex={0} role="region" aria-label={trans.__('Diff of %1', path)}>
        {diff.split('\n').map((line, index) => (
          <span key={index} className={lineClass(line)}>
            {`${line}\n`}
          </span>
        ))}
      </pre>
    </details>
  );
}

function lineClass(line: string): string | undefined {
  if (line.startsWith('+++') || line.startsWith('---')) {
    return undefined;
  }
  return line.startsWith('+') ? 'jp-mod-added' : line.startsWith('-') ? 'jp-mod-gone' : undefined;
}

function changeWord(trans: TranslationBundle, change: Change): string {
  switch (change) {
    case 'new':
      return trans.__('new');
    case 'changed':
      return trans.__('changed');
    case 'kept':
      return trans.__('kept');
    case 'removed':
      return trans.__('removed');
    case 'pending':
      return trans.__('by the proof');
    case 'conflict':
      return trans.__('in conflict');
  }
}
