/** A state as a shape of its own, so that no state is told by colour alone. */

import * as React from 'react';

export type ShapeName =
  'triangle' | 'square' | 'diamond' | 'circle' | 'cross' | 'ring' | 'running' | 'apart';
export type Tone = 'bad' | 'warn' | 'good' | 'open' | 'quiet' | 'brand';

const PATHS: Readonly<Record<ShapeName, string>> = {
  triangle: 'M6 1.4 11.4 10.6H.6Z',
  square: 'M1.8 1.8h8.4v8.4H1.8Z',
  diamond: 'M6 .6 11.4 6 6 11.4.6 6Z',
  circle: 'M6 1a5 5 0 1 1 0 10A5 5 0 0 1 6 1Z',
  cross: 'M2 2 10 10M10 2 2 10',
  ring: 'M6 1.6a4.4 4.4 0 1 1 0 8.8A4.4 4.4 0 0 1 6 1.6Z',
  apart: 'M5 1.4v9.2A4.7 4.7 0 0 1 5 1.4ZM7 1.4v9.2A4.7 4.7 0 0 0 7 1.4Z',
  running: 'M6 1.6a4.4 4.4 0 1 1 0 8.8A4.4 4.4 0 0 1 6 1.6Z'
};

export function shapePath(name: ShapeName): string {
  return PATHS[name];
}

/** Decoration: the same is always said in words beside it. */
export function Shape({
  name,
  tone
}: {
  readonly name: ShapeName;
  readonly tone: Tone;
}): React.JSX.Element {
  return (
    <svg
      className={`jp-Prodkit-shape jp-mod-${name} jp-mod-${tone}`}
      viewBox="0 0 12 12"
      aria-hidden="true"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
