/** The map's picture: nodes, the curves between them, and what a picked node has to do with. */

import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IGraph, INode } from '../map/graph';
import { related } from '../map/graph';
import type { ILayout } from '../map/layout';
import { curve, isInRow, jumpCurve } from '../map/layout';
import { mapKey } from './map-keys';
import { MapNode } from './map-node';
import { told } from './map-words';

/** More arrows than this between cells that are in order say nothing any more. */
const MOST_FAINT = 200;

export interface IDrawingProps {
  readonly trans: TranslationBundle;
  readonly onReveal: (cellId: string) => void;
  readonly graph: IGraph;
  readonly layout: ILayout;
  readonly ordered: boolean;
  readonly active: number;
  readonly picked: number | null;
  readonly svg: React.RefObject<SVGSVGElement>;
  readonly onPick: (place: number | null) => void;
  readonly onZoom: (by: number) => void;
}

export function Drawing(props: IDrawingProps): React.JSX.Element {
  const { trans, graph, layout, active, picked, svg, onPick, onReveal } = props;
  const relatives = React.useMemo(
    () => (picked === null ? null : related(graph, picked)),
    [graph, picked]
  );
  const stop = picked ?? Math.max(0, active);
  const onKeyDown = (event: React.KeyboardEvent): void => {
    const place = mapKey(event.key, stop, graph.nodes.length, layout.perRow);
    if (place !== null) {
      event.preventDefault();
      event.stopPropagation();
      focusNode(svg.current, place);
    } else if (event.key === '+' || event.key === '-') {
      props.onZoom(event.key === '+' ? 1 : -1);
    }
  };
  return (
    <svg
      ref={svg}
      className={relatives === null ? 'jp-Prodkit-map-svg' : 'jp-Prodkit-map-svg jp-mod-picked'}
      viewBox={`0 0 ${String(layout.width)} ${String(layout.height)}`}
      width={layout.width}
      height={layout.height}
      role="group"
      aria-label={trans.__('The cells in page order, and the values that flow between them')}
      onKeyDown={onKeyDown}
      onMouseLeave={() => {
        onPick(null);
      }}
    >
      <Flows {...props} relatives={relatives} />
      {graph.nodes.map((node, place) => (
        <MapNode
          key={node.cellId}
          node={node}
          place={place}
          at={layout.at(place)}
          radius={layout.radius}
          label={told(trans, graph, place)}
          number={numberAt(node, place, props)}
          isActive={place === active}
          isStop={place === stop}
          isKin={relatives?.has(place) ?? false}
          onPick={onPick}
          onReveal={onReveal}
        />
      ))}
      <RowNumbers {...props} />
    </svg>
  );
}

function Flows({
  graph,
  layout,
  ordered,
  picked,
  relatives
}: IDrawingProps & { readonly relatives: ReadonlySet<number> | null }): React.JSX.Element {
  const isCrowded = graph.flows.length > MOST_FAINT;
  const isKin = (place: number): boolean => relatives?.has(place) ?? false;
  const drawn = graph.flows
    .map(flow => ({ ...flow, isKin: isKin(flow.writer) && isKin(flow.reader) }))
    .filter(flow => flow.isKin || flow.isHot || (!isCrowded && isInRow(flow, layout.perRow)))
    .sort((one, other) => weight(one) - weight(other));
  return (
    <g aria-hidden="true">
      {drawn.map(flow => (
        <path
          key={`${String(flow.writer)} ${String(flow.reader)}`}
          className={flowClass(flow, picked)}
          d={curve(flow, layout)}
        />
      ))}
      {ordered &&
        graph.jumps.map(([from, to]) => (
          <path
            key={`${String(from)} ${String(to)}`}
            className="jp-Prodkit-map-jump"
            d={jumpCurve(from, to, layout)}
          />
        ))}
    </g>
  );
}

type DrawnFlow = IGraph['flows'][number] & { readonly isKin: boolean };

function weight({ isKin, isHot }: DrawnFlow): number {
  return (isKin ? 2 : 0) + (isHot ? 1 : 0);
}

function flowClass({ isHot, isKin, writer, reader }: DrawnFlow, picked: number | null): string {
  return [
    'jp-Prodkit-map-flow',
    isHot ? 'jp-mod-hot' : '',
    isKin ? 'jp-mod-kin' : '',
    writer > reader ? 'jp-mod-up' : '',
    picked === writer || picked === reader ? 'jp-mod-near' : ''
  ]
    .filter(name => name !== '')
    .join(' ');
}

function RowNumbers({ graph, layout }: IDrawingProps): React.JSX.Element | null {
  if (layout.rows < 2) {
    return null;
  }
  return (
    <g aria-hidden="true">
      {Array.from({ length: layout.rows }, (_, row) => {
        const node = graph.nodes[row * layout.perRow];
        const [, y] = layout.at(row * layout.perRow);
        return (
          <text key={row} className="jp-Prodkit-map-number" x={22} y={y + 3} textAnchor="end">
            {node?.number ?? ''}
          </text>
        );
      })}
    </g>
  );
}

function numberAt(node: INode, place: number, { layout, ordered, active }: IDrawingProps): string {
  if (ordered && layout.every > 0 && node.executionCount !== null) {
    return layout.pitch < 25 ? '' : `[${String(node.executionCount)}]`;
  }
  const isShown = layout.every > 0 && ((place + 1) % layout.every === 0 || place === active);
  return isShown && node.number !== null && !ordered ? String(node.number) : '';
}

function focusNode(svg: SVGSVGElement | null, place: number): void {
  const node = svg?.querySelector(`[data-place="${String(place)}"]`);
  if (node instanceof SVGElement) {
    node.focus();
  }
}
