/** One cell on the map. */

import * as React from 'react';

import type { INode } from '../map/graph';
import { GONE } from '../map/graph';
import { shapePath } from './shape';
import { STATE_SHAPES } from './state';

export interface IMapNodeProps {
  readonly node: INode;
  readonly place: number;
  readonly at: readonly [number, number];
  readonly radius: number;
  readonly label: string;
  readonly number: string;
  readonly isActive: boolean;
  /** Whether the Tab key stops here. */
  readonly isStop: boolean;
  /** Whether the picked cell's values come from it or go to it. */
  readonly isKin: boolean;
  readonly onPick: (place: number | null) => void;
  readonly onReveal: (cellId: string) => void;
}

function Node(props: IMapNodeProps): React.JSX.Element {
  const { node, place, at, radius, label, number, onPick, onReveal } = props;
  const [x, y] = at;
  const [shape, tone] =
    node.state === 'gone' ? (['ring', 'bad'] as const) : STATE_SHAPES[node.state];
  const go = (): void => {
    if (node.cellId !== GONE) {
      onReveal(node.cellId);
    }
  };
  return (
    <g
      className={classOf(props)}
      transform={`translate(${String(x)} ${String(y)})`}
      role="button"
      tabIndex={props.isStop ? 0 : -1}
      aria-label={label}
      aria-current={props.isActive}
      data-place={place}
      data-cell-id={node.cellId}
      onFocus={() => {
        onPick(place);
      }}
      onBlur={() => {
        onPick(null);
      }}
      onMouseEnter={() => {
        onPick(place);
      }}
      onClick={go}
      onKeyDown={event => {
        if (event.key === 'Enter' || event.key === ' ') {
          event.preventDefault();
          go();
        }
      }}
    >
      <circle className="jp-Prodkit-map-halo" r={radius + 2.5} />
      <path
        className={`jp-Prodkit-map-shape jp-mod-${shape} jp-mod-${tone}`}
        transform={`scale(${String(radius / 6)}) translate(-6 -6)`}
        d={shapePath(shape)}
      />
      {number !== '' && (
        <text className="jp-Prodkit-map-number" y={radius + 11} textAnchor="middle">
          {number}
        </text>
      )}
    </g>
  );
}

export const MapNode = React.memo(
  Node,
  (before, now) =>
    before.node === now.node &&
    before.label === now.label &&
    before.number === now.number &&
    before.radius === now.radius &&
    before.isActive === now.isActive &&
    before.isStop === now.isStop &&
    before.isKin === now.isKin &&
    before.at[0] === now.at[0] &&
    before.at[1] === now.at[1]
);

function classOf({ node, isActive, isKin }: IMapNodeProps): string {
  return [
    'jp-Prodkit-map-node',
    isActive ? 'jp-mod-active' : '',
    isKin ? 'jp-mod-kin' : '',
    node.state === 'gone' ? 'jp-mod-gone' : ''
  ]
    .filter(name => name !== '')
    .join(' ');
}
