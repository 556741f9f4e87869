/** What stands in the panel's place while there is nothing to judge: why, and what to do. */

import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { Attachment } from '../tokens';
import type { ShapeName } from './shape';
import { Shape } from './shape';

export interface INoticeProps {
  readonly trans: TranslationBundle;
  /** Null where no notebook is open. */
  readonly attachment: Attachment | null;
  readonly onRetry: () => void;
  readonly onCopy: (text: string) => void;
}

interface IWords {
  readonly title: string;
  readonly text: string;
  readonly shape?: ShapeName;
  /** For the user to run in a cell. */
  readonly command?: string;
  readonly canRetry?: boolean;
}

export function Notice(props: INoticeProps): React.JSX.Element {
  const { trans, attachment, onRetry } = props;
  const { title, text, shape = 'ring', command, canRetry } = words(trans, attachment);
  return (
    <section className="jp-Prodkit-notice">
      <h2>
        <Shape
          name={shape}
          tone={shape === 'triangle' ? 'bad' : shape === 'running' ? 'brand' : 'quiet'}
        />
        <span role="status">{title}</span>
      </h2>
      <p className="jp-Prodkit-soft">{text}</p>
      {command !== undefined && <Command {...props} command={command} />}
      {canRetry === true && (
        <div className="jp-Prodkit-actions">
          <button className="jp-Prodkit-button jp-mod-primary" onClick={onRetry}>
            {trans.__('Try again')}
          </button>
        </div>
      )}
    </section>
  );
}

function Command({
  trans,
  command,
  onCopy
}: INoticeProps & { readonly command: string }): React.JSX.Element {
  return (
    <div className="jp-Prodkit-command">
      <code>{command}</code>
      <button
        className="jp-Prodkit-button"
        onClick={() => {
          onCopy(command);
        }}
      >
        {trans.__('Copy')}
      </button>
    </div>
  );
}

function words(trans: TranslationBundle, attachment: Attachment | null): IWords {
  switch (attachment?.status) {
    case undefined:
      return {
        title: trans.__('No notebook is open'),
        text: trans.__(
          'Open one: this panel says whether it would run again from the top, and takes it to production.'
        )
      };
    case 'no kernel':
      return {
        title: trans.__('This notebook has no kernel'),
        text: trans.__('Start one, and the check begins by itself.')
      };
    case 'waiting':
      return {
        shape: 'running',
        title: trans.__('Waiting for the running cell'),
        text: trans.__(
          'This kernel answers between cells only; with ipykernel 7 it answers at any time.'
        )
      };
    case 'not python':
      return {
        title: trans.__('Python only'),
        text: trans.__(
          'This notebook runs on %1; only Python notebooks can be taken to production.',
          attachment.language
        )
      };
    case 'not installed':
      return {
        title: trans.__('Not installed in this kernel'),
        text: trans.__(
          "The panel is here, but its other half is missing from the kernel's environment. Run this in a cell:"
        ),
        command: '%pip install jupyter-prodkit',
        canRetry: true
      };
    case 'refused':
      return {
        shape: 'triangle',
        title: trans.__('The kernel takes no messages'),
        text: trans.__(
          'It runs code, but something between it and this page holds back what the panel sends (comms). The magics still work: %prodcheck in a cell.'
        ),
        command: '%prodcheck',
        canRetry: true
      };
    case 'version mismatch':
      return mismatch(trans, attachment);
    case 'failed':
      return {
        shape: 'triangle',
        title: trans.__('The kernel side did not start'),
        text: attachment.message,
        canRetry: true
      };
    case 'idle':
    case 'connecting':
    case 'attached':
      return { shape: 'running', title: trans.__('Connecting to the kernel…'), text: '' };
  }
}

function mismatch(
  trans: TranslationBundle,
  { newer, packageVersion }: Extract<Attachment, { status: 'version mismatch' }>
): IWords {
  const title = trans.__('The two halves differ in age');
  if (newer === 'kernel') {
    return {
      title,
      text: trans.__(
        'The kernel has jupyter-prodkit %1, and this page an older panel. Reload the page; if that does not help, update jupyter-prodkit where JupyterLab runs.',
        packageVersion
      ),
      canRetry: true
    };
  }
  return {
    title,
    text: trans.__(
      'The kernel has jupyter-prodkit %1, which is older than this panel. Run this in a cell, then restart the kernel:',
      packageVersion
    ),
    command: '%pip install --upgrade jupyter-prodkit',
    canRetry: true
  };
}
