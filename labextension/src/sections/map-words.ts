/** A cell of the map in words: its state, what it reads and who reads it. */

import type { TranslationBundle } from '@jupyterlab/translation';

import type { IFlow, IGraph } from '../map/graph';
import { stateWord } from './state';

/** More ends than this are counted, not named. */
const MOST_ENDS = 4;

export function told(trans: TranslationBundle, graph: IGraph, place: number): string {
  const node = graph.nodes[place];
  if (node === undefined) {
    return trans._n('%1 cell in page order', '%1 cells in page order', graph.nodes.length);
  }
  const reads = graph.flows.filter(flow => flow.reader === place);
  const feeds = graph.flows.filter(flow => flow.writer === place);
  const parts = [
    ...(node.number === null
      ? [trans.__('Cells that are gone from the page')]
      : [
          trans.__('Cell %1', node.number),
          node.state === 'gone' ? '' : stateWord(trans, node.state)
        ]),
    ...(reads.length > 0 ? [trans.__('reads %1', ends(trans, graph, reads, 'writer'))] : []),
    ...(feeds.length > 0 ? [trans.__('gives %1', ends(trans, graph, feeds, 'reader'))] : [])
  ];
  return parts.filter(part => part !== '').join(' · ');
}

function ends(
  trans: TranslationBundle,
  graph: IGraph,
  flows: readonly IFlow[],
  end: 'writer' | 'reader'
): string {
  if (flows.length > MOST_ENDS) {
    const names = new Set(flows.flatMap(flow => flow.names));
    const said = Array.from(names).slice(0, MOST_ENDS).join(', ');
    return end === 'writer'
      ? trans.__('%1 from %2 cells', said, flows.length)
      : trans.__('%1 to %2 cells', said, flows.length);
  }
  return flows
    .map(flow => {
      const names = flow.names.join(', ');
      const other = graph.nodes[flow[end]]?.number ?? null;
      if (other === null) {
        return trans.__('%1 from no cell', names);
      }
      return end === 'writer'
        ? trans.__('%1 from %2', names, other)
        : trans.__('%1 to %2', names, other);
    })
    .join(', ');
}
