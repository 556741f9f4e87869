import { describe, expect, it } from 'vitest';

import { GONE, graphOf, related } from '../map/graph';
import { curve, fittingZoom, layoutOf } from '../map/layout';
import type { CellVerdict, FlowsReply, Page } from '../protocol';
import { mapKey } from '../sections/map-keys';
import { cell, goldenReply, report } from './doubles';

type State = CellVerdict['state'];

function cells(...states: State[]): CellVerdict[] {
  return states.map((state, index) => ({
    cell_id: `c${String(index)}`,
    index,
    state,
    executions: 1,
    seconds: 1,
    reason: ''
  }));
}

function flows(...pairs: (readonly [number, number])[]): FlowsReply {
  const drawn = pairs.map(([writer, reader]) => ({
    writer: `c${String(writer)}`,
    reader: `c${String(reader)}`,
    names: ['x']
  }));
  return { ...goldenReply('flows'), flows: drawn, strays: [] };
}

function page(...counts: (number | null)[]): Page {
  return {
    path: 'a.ipynb',
    cells: counts.map((count, index) => ({
      ...cell(`c${String(index)}`),
      execution_count: count
    }))
  };
}

describe('the map', () => {
  const inQuestion = report({
    cells: cells('reproduced', 'diverges', 'reproduced', 'diverges'),
    plan: [],
    orphans: []
  });

  it('tells flows between cells in question from the others', () => {
    const graph = graphOf(inQuestion, page(1, 2, 3, 4), flows([0, 1], [1, 3], [0, 2]));
    expect(graph.flows.map(flow => flow.isHot)).toEqual([false, true, false]);
  });

  it('raises no alarm over cells that have never run, but over what they should have given', () => {
    const opened = report({ cells: cells('never run', 'never run', 'diverges'), orphans: [] });
    const graph = graphOf(opened, page(null, null, 1), flows([0, 1], [1, 2]));
    expect(graph.flows.map(flow => flow.isHot)).toEqual([false, true]);
  });

  it('knows where the order of the runs went back up the page', () => {
    const graph = graphOf(inQuestion, page(1, 5, null, 4), flows());
    expect(graph.jumps).toEqual([[3, 1]]);
  });

  it('has a node for what cells read that no cell makes any more', () => {
    const lost = { ...flows(), strays: [{ name: 'scores', reader: 'c2' }] };
    const orphaned = { ...inQuestion, orphans: [{ name: 'scores', defined_by: null }] };
    const graph = graphOf(orphaned, page(1, 2, 3, 4), lost);
    expect(graph.nodes[0]?.cellId).toBe(GONE);
    expect(graph.flows).toMatchObject([{ writer: 0, reader: 3, names: ['scores'] }]);
    expect(graphOf(inQuestion, page(1, 2, 3, 4), lost).nodes).toHaveLength(4);
  });

  it('leaves out what stands on no node', () => {
    expect(graphOf(inQuestion, page(), flows([0, 17])).flows).toEqual([]);
  });

  it('finds ancestors and descendants, however far, and in circles', () => {
    const graph = graphOf(inQuestion, page(), flows([0, 1], [1, 2], [2, 1], [3, 0]));
    expect([...related(graph, 0)].sort()).toEqual([0, 1, 2, 3]);
    expect([...related(graphOf(inQuestion, page(), flows([0, 1], [2, 3])), 1)]).toEqual([1, 0]);
  });
});

describe('its layout', () => {
  const many = (count: number) =>
    graphOf(
      report({ cells: cells(...Array.from({ length: count }, (): State => 'reproduced')) }),
      page(),
      flows([0, 1], [0, count - 1])
    );

  it.each([2, 12, 40, 200, 2000])('keeps %i cells inside the width, none on another', count => {
    for (const [width, zoom] of [
      [230, null],
      [320, null],
      [900, null],
      [320, 0],
      [320, 3]
    ] as const) {
      const layout = layoutOf(many(count), width, zoom);
      const places = Array.from({ length: count }, (_, place) => layout.at(place));
      expect(places.every(([x]) => x > layout.radius && x < width - layout.radius)).toBe(true);
      expect(places.every(([, y]) => y > layout.radius && y < layout.height)).toBe(true);
      expect(new Set(places.map(String)).size).toBe(count);
      expect(layout.pitch).toBeGreaterThanOrEqual(2 * layout.radius + 2);
    }
  });

  it('puts a few cells in one row and many in several', () => {
    expect(layoutOf(many(12), 320, null).rows).toBe(1);
    expect(layoutOf(many(200), 320, null).rows).toBeGreaterThan(5);
    expect(fittingZoom(2000, 320)).toBe(0);
  });

  it('draws within a row above it, and from row to row between', () => {
    const graph = many(200);
    const layout = layoutOf(graph, 320, null);
    const [near, far] = graph.flows;
    expect(near && curve(near, layout)).toMatch(/^M[\d.]+ [\d.]+C/);
    expect(far && curve(far, layout)).not.toContain('NaN');
  });
});

describe('its keys', () => {
  it.each([
    ['ArrowRight', 3, 4],
    ['ArrowLeft', 0, 0],
    ['ArrowDown', 3, 8],
    ['ArrowDown', 8, 8],
    ['ArrowUp', 2, 2],
    ['ArrowUp', 7, 2],
    ['Home', 7, 0],
    ['End', 2, 9],
    ['x', 2, null]
  ])('%s goes from %i to %s', (key, from, to) => {
    expect(mapKey(key, from, 10, 5)).toBe(to);
  });
});
