/** What can be done to the map: zoom, order, save. */

import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { MOST_ZOOM } from '../map/layout';

export function MapTools({
  trans,
  zoom,
  ordered,
  onOrdered,
  onZoom,
  onSave
}: {
  readonly trans: TranslationBundle;
  readonly zoom: number;
  readonly ordered: boolean;
  readonly onOrdered: (ordered: boolean) => void;
  readonly onZoom: (by: number) => void;
  readonly onSave: () => void;
}): React.JSX.Element {
  const tool = (
    label: string,
    text: string,
    onClick: () => void,
    isOff = false
  ): React.JSX.Element => (
    <button
      className="jp-Prodkit-tool"
      aria-label={label}
      title={label}
      disabled={isOff}
      onClick={onClick}
    >
      {text}
    </button>
  );
  return (
    <span className="jp-Prodkit-tools">
      <button
        className="jp-Prodkit-tool"
        aria-pressed={ordered}
        title={trans.__('Show in which order the cells ran')}
        onClick={() => {
          onOrdered(!ordered);
        }}
      >
        {trans.__('Order')}
      </button>
      {tool(
        trans.__('Zoom out'),
        '−',
        () => {
          onZoom(-1);
        },
        zoom === 0
      )}
      {tool(
        trans.__('Zoom in'),
        '+',
        () => {
          onZoom(1);
        },
        zoom === MOST_ZOOM
      )}
      {tool(trans.__('Save as SVG'), 'SVG', onSave)}
    </span>
  );
}
