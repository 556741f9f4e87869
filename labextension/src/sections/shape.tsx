/** A state as a shape of its own, so that no state is told by colour alone. */

import * as React from 'react';

export type ShapeName = 'triangle' | 'square' | 'diamond' | 'circle' | 'ring' | 'running';
export type Tone = 'bad' | 'warn' | 'good' | 'open' | 'quiet' | 'brand';

const PATHS: Readonly<Record<Exclude<ShapeName, 'ring' | 'running'>, string>> = {
  triangle: 'M6 1.4 11.4 10.6H.6Z',
  square: 'M1.8 1.8h8.4v8.4H1.8Z',
  diamond: 'M6 .6 11.4 6 6 11.4.6 6Z',
  circle: 'M6 1a5 5 0 1 1 0 10A5 5 0 0 1 6 1Z'
};

/** Decoration: the same is always said in words beside it. */
export function Shape({
  name,
  tone
}: {
  readonly name: ShapeName;
  readonly tone: Tone;
}): React.JSX.Element {
  const isOpen = name === 'ring' || name === 'running';
  return (
    <svg
      className={`jp-Prodkit-shape jp-mod-${name} jp-mod-${tone}`}
      viewBox="0 0 12 12"
      aria-hidden="true"
    >
      {isOpen ? <circle cx="6" cy="6" r="4.4" /> : <path d={PATHS[name]} />}
    </svg>
  );
}
