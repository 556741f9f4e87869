/** The map's content: cells as nodes in page order, and what flows between them. */

import type { CellVerdict, FlowsReply, Page, Report } from '../protocol';

export interface INode {
  readonly cellId: string;
  /** Place on the page, from 1, as people count; null for what stands on no page any more. */
  readonly number: number | null;
  readonly state: CellVerdict['state'] | 'gone';
  readonly executionCount: number | null;
}

export interface IFlow {
  /** Places among the nodes. */
  readonly writer: number;
  readonly reader: number;
  readonly names: readonly string[];
  /** Whether both ends are in question: a value that differs may take this way. */
  readonly isHot: boolean;
}

export interface IGraph {
  readonly nodes: readonly INode[];
  readonly flows: readonly IFlow[];
  /** Pairs of nodes run one after the other, where that went back up the page. */
  readonly jumps: readonly (readonly [number, number])[];
}

const IN_ORDER: readonly string[] = ['reproduced', 'nondeterministic'];
/** The id of the node that stands for cells that are gone. */
export const GONE = '';

export function graphOf(report: Report, page: Page, flows: FlowsReply | null): IGraph {
  const counts = new Map(page.cells.map(cell => [cell.cell_id, cell.execution_count ?? null]));
  const orphans = new Set(report.orphans.map(orphan => orphan.name));
  const strays = (flows?.strays ?? []).filter(stray => orphans.has(stray.name));
  const gone: INode = { cellId: GONE, number: null, state: 'gone', executionCount: null };
  const nodes: readonly INode[] = [
    ...(strays.length > 0 ? [gone] : []),
    ...report.cells.map(({ cell_id: cellId, index, state }) => ({
      cellId,
      number: index + 1,
      state,
      executionCount: counts.get(cellId) ?? null
    }))
  ];
  const places = new Map(nodes.map(({ cellId }, place) => [cellId, place]));
  const planned = new Set(report.plan.map(run => run.cell_id));
  const isAsked = ({ state, cellId }: INode): boolean =>
    !IN_ORDER.includes(state) || planned.has(cellId);
  // What has never run shows nothing that could be wrong: a notebook just opened is no alarm.
  const hasRun = ({ state }: INode): boolean => state !== 'never run';
  const all = [
    ...(flows?.flows ?? []),
    ...strays.map(({ name, reader }) => ({ writer: GONE, reader, names: [name] }))
  ];
  const drawn = all.flatMap(({ writer: from, reader: to, names }): readonly IFlow[] => {
    const writer = places.get(from);
    const reader = places.get(to);
    const [one, other] = [nodes[writer ?? -1], nodes[reader ?? -1]];
    return writer === undefined || reader === undefined || one === undefined || other === undefined
      ? []
      : [{ writer, reader, names, isHot: isAsked(one) && isAsked(other) && hasRun(other) }];
  });
  return { nodes, flows: drawn, jumps: jumpsOf(nodes) };
}

/** What a node's values come from and go to, however far. */
export function related(graph: IGraph, place: number): ReadonlySet<number> {
  const up = reached(place, at => graph.flows.filter(f => f.reader === at).map(f => f.writer));
  const down = reached(place, at => graph.flows.filter(f => f.writer === at).map(f => f.reader));
  return new Set([...up, ...down]);
}

function reached(from: number, next: (at: number) => readonly number[]): ReadonlySet<number> {
  const seen = new Set([from]);
  const pending = [from];
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    for (const one of next(at)) {
      if (!seen.has(one)) {
        seen.add(one);
        pending.push(one);
      }
    }
  }
  return seen;
}

function jumpsOf(nodes: readonly INode[]): IGraph['jumps'] {
  const run = nodes
    .flatMap(({ executionCount }, place) =>
      executionCount === null ? [] : [{ place, executionCount }]
    )
    .sort((one, other) => one.executionCount - other.executionCount);
  return run
    .slice(1)
    .map((later, index) => [run[index]?.place ?? 0, later.place] as const)
    .filter(([earlier, later]) => later < earlier);
}
